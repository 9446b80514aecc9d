"""Which passages stand for all of a corpus, where it has too many."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def sampled(counts: Sequence[int], most: int) -> list[NDArray[np.int64]]:
    """Return which passages of each document are shown, by their number in it from 0, given how many each
    has: all of them, or ``most`` at most, evenly from each document in proportion to its size.

    Each document has one at least, unless there are more than ``most`` documents: then evenly some of these.
    """
    sizes = np.array(counts, dtype=np.int64)
    total, documents = int(sizes.sum()), int(np.count_nonzero(sizes))
    if total <= most:
        return [np.arange(count) for count in counts]
    if documents >= most:
        shares = np.zeros(len(sizes), dtype=np.int64)
        shares[np.flatnonzero(sizes)[np.arange(most) * documents // most]] = 1
    else:
        further = (sizes - 1).clip(min=0).cumsum() * (most - documents) // (total - documents)
        shares = np.diff(further, prepend=0) + np.sign(sizes)
    pairs = zip(sizes.tolist(), shares.tolist(), strict=True)
    return [np.arange(share) * size // max(share, 1) for size, share in pairs]
