"""The paired bootstrap: how far a mean difference over queries may be from what other queries would give.

By percentiles, as in Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13; paired,
since both engines answered the same queries (Sakai, "Evaluating evaluation metrics based on the bootstrap",
2006).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
SEED = 7


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def paired_difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Difference:
    """Return how much greater ``ours`` is than ``theirs``, query by query, (n_queries,) each.

    Raises ``ValueError`` for arrays of other shapes, and for empty ones.
    """
    if ours.shape != theirs.shape or ours.ndim != 1 or not len(ours):
        raise ValueError(f"values of the same queries are needed, got shapes {ours.shape} and {theirs.shape}")
    differences = ours - theirs
    random = np.random.default_rng(SEED)
    count = len(differences)
    means = [differences[random.integers(count, size=count)].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(differences.mean()), float(low), float(high))
