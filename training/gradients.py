"""A batch's gradient, each core computing its own part of the batch.

Torch would rather have all cores share every matrix product, and wait for one another several thousand times
a step. With other work on the machine that wastes more than half of the time; parts wait once.
"""

from concurrent.futures import ThreadPoolExecutor

import torch
from span_features import Batch
from span_model import SpanModel
from teaching import Teachers


class Gradients:
    """The gradients of one model's trained weights."""

    def __init__(self, model: SpanModel, teachers: Teachers | None, threads: int) -> None:
        """From now on torch uses one thread for each operation, in this whole process."""
        torch.set_num_threads(1)
        self._model = model
        self._teachers = teachers
        self._weights = [weight for weight in model.parameters() if weight.requires_grad]
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def set(self, batch: Batch) -> torch.Tensor:
        """Put the gradient of the batch's mean loss into the weights' ``grad``; returns that loss."""
        parts = batch.parts(self._threads)
        shares = [len(part.starts) / len(batch.starts) for part in parts]
        found = list(self._pool.map(self._of, parts, shares))
        for weight, *gradients in zip(self._weights, *(gradients for _, gradients in found), strict=True):
            weight.grad = sum(gradients[1:], start=gradients[0])
        return torch.stack([loss for loss, _ in found]).sum()

    def _of(self, part: Batch, share: float) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        taught = self._teachers.shares(part) if self._teachers else None
        loss = self._model.loss(part, taught) * share
        return loss.detach(), torch.autograd.grad(loss, self._weights)
