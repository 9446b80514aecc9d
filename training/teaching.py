"""Teachers: span models trained before, whose mean opinion another learns instead of one right place.

Several models of one kind err in different places; their mean is better than each of them, and knows that a
question may be answered by "in 1921" and by "1921". Hinton, Vinyals, Dean, "Distilling the Knowledge in a
Neural Network", 2015; Furlanello et al., "Born-Again Neural Networks", 2018.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from checkpoints import load_weights, read_checkpoint
from span_features import Batch
from span_model import SpanModel, new_model

Shares = tuple[torch.Tensor, torch.Tensor]
"""The probability of each token to be the start, and to be the end, float32 ``(n_inputs, n_tokens)``."""


class Teachers:
    """Models that are not trained any more."""

    def __init__(self, models: Sequence[SpanModel]) -> None:
        self._models = [model.eval() for model in models]

    @classmethod
    def open(cls, files: Sequence[Path], device: str) -> "Teachers":
        """Load the models of checkpoints."""
        models = []
        for file in files:
            model = new_model()
            load_weights(model, read_checkpoint(file))
            models.append(model.to(device))
        return cls(models)

    @torch.no_grad()
    def shares(self, batch: Batch) -> Shares:
        """Return the mean of what all models think."""
        told = [model.allowed_scores(batch) for model in self._models]
        start, end = (
            torch.stack([scores.softmax(1) for scores in one]).mean(0) for one in zip(*told, strict=True)
        )
        return start, end
