"""A training run on disk: weights, optimizer and step in one file, replaced as a whole."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from span_model import SpanModel


@dataclass(frozen=True, slots=True)
class Recipe:
    """What must be the same for a run to go on. What dropout leaves out is drawn anew."""

    batch_size: int
    seed: int
    peak: float
    dropout: float
    retrieved_sha256: str
    teachers_sha256: str
    weights_sha256: str


def save_checkpoint(
    file: Path, step: int, recipe: Recipe, model: SpanModel, optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint beside ``file`` and rename it into place, so that there is always a whole one."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    with unfinished.open("wb") as stream:
        content = {
            "step": step,
            "recipe": asdict(recipe),
            "model": trained_weights(model),
            "optimizer": optimizer.state_dict(),
        }
        torch.save(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(file)


def load_checkpoint(
    file: Path, recipe: Recipe, model: SpanModel, optimizer: torch.optim.Optimizer | None
) -> int:
    """Put a checkpoint's state in place; returns its steps. Raises ``ValueError`` for another recipe."""
    content = read_checkpoint(file)
    if content["recipe"] != asdict(recipe):
        raise ValueError(
            f"{file} was made with {content['recipe']}, not {asdict(recipe)}: choose another folder"
        )
    load_weights(model, content)
    if optimizer is not None:
        optimizer.load_state_dict(content["optimizer"])
    return int(content["step"])


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Return what a checkpoint holds, its tensors on the CPU; only tensors and plain values are read."""
    content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    return content


def load_weights(model: SpanModel, content: dict[str, Any]) -> None:
    """Put a checkpoint's weights into a new model, which has those that are never trained."""
    missing, unexpected = model.load_state_dict(content["model"], strict=False)
    if unexpected or set(missing) - frozen_names(model):
        raise ValueError(f"the checkpoint fits no span model: missing {missing}, unexpected {unexpected}")


def trained_weights(model: SpanModel) -> dict[str, torch.Tensor]:
    """Return the weights that training changes."""
    frozen = frozen_names(model)
    return {name: value for name, value in model.state_dict().items() if name not in frozen}


def frozen_names(model: SpanModel) -> set[str]:
    """Return the names of the weights that stay the encoder's."""
    return {name for name, value in model.named_parameters() if not value.requires_grad}
