"""Matrix products as the exported model will have them, so that training makes up for what rounding costs.

``export_reader`` puts both sides of a product into integers: each column of a matrix into 7 bits on a scale
of its own, and what is multiplied with it into 8 bits between the least and the most of its window, as
onnxruntime's DynamicQuantizeLinear does. Seven bits, since processors without VNNI add two products in 16
bits, where those of 8-bit numbers overflow: the same model would answer otherwise there.

Gradients pass the rounding as if it were not there. Jacob et al., "Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 3.
"""

import threading

import torch
from torch.nn.functional import linear

MOST_WEIGHT = 64
MOST_INPUT = 255
MOST_STORED = 127


class Rounding(threading.local):
    """Whether products are rounded, and which tokens are there; each thread has its own inputs."""

    def __init__(self) -> None:
        self.is_on = False
        self.mask: torch.Tensor | None = None
        self._last: tuple[torch.Tensor, torch.Tensor] | None = None

    def begin(self, mask: torch.Tensor, *, is_on: bool) -> None:
        """Take the mask, 1 for a token and 0 for padding, ``(n_inputs, n_tokens)``, of what comes next."""
        self.is_on, self._last = is_on, None
        self.mask = mask.bool()[..., None] if is_on else None

    def inputs(self, values: torch.Tensor) -> torch.Tensor:
        """Return the inputs of a product rounded; queries, keys and values are made of the same."""
        if self._last is None or self._last[0] is not values:
            self._last = values, rounded_inputs(values, self.mask)
        return self._last[1]


class RoundedLinear(torch.nn.Module):
    """A linear layer, with the weights of another."""

    def __init__(self, layer: torch.nn.Linear, rounding: Rounding) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self._rounding = rounding

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if not self._rounding.is_on:
            return linear(values, self.weight, self.bias)
        return linear(self._rounding.inputs(values), rounded_weights(self.weight), self.bias)


def round_products(module: torch.nn.Module, rounding: Rounding) -> None:
    """Put rounded layers in the place of all linear layers in ``module``."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.Linear):
            setattr(module, name, RoundedLinear(child, rounding))
        else:
            round_products(child, rounding)


def rounded_weights(weights: torch.Tensor) -> torch.Tensor:
    """Round a matrix ``(n_outputs, n_inputs)``, each output on a scale of its own."""
    scale = (weights.detach().abs().amax(1, keepdim=True) / MOST_WEIGHT).clamp(min=1e-12)
    return _straight_through(weights, (weights.detach() / scale).round() * scale)


def rounded_rows(table: torch.Tensor) -> torch.Tensor:
    """Round a table ``(n_rows, width)`` to 8 bits, each row on a scale of its own, as it will be stored."""
    scale = (table.abs().amax(1, keepdim=True) / MOST_STORED).clamp(min=1e-12)
    return (table / scale).round() * scale


def rounded_inputs(values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Round ``(n_inputs, n_tokens, width)`` between the least and the most of each input's tokens."""
    values = values.float()
    given = values.detach()
    seen = given if mask is None else given * mask
    low = seen.amin((1, 2), keepdim=True).clamp(max=0.0)
    high = seen.amax((1, 2), keepdim=True).clamp(min=0.0)
    scale = ((high - low) / MOST_INPUT).clamp(min=1e-12)
    zero = (-low / scale).round()
    whole = ((given / scale).round() + zero).clamp(0, MOST_INPUT)
    return _straight_through(values, (whole - zero) * scale)


def _straight_through(values: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """Return ``rounded`` with the gradient of ``values``."""
    return values + (rounded - values).detach()
