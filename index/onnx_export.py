"""Converts a sentence-transformers model to ONNX, checks the result against the model, and stores it.

Transformer, pooling and normalisation become one graph, through torch's own exporter. It is made in a folder
of its own and renamed into place when complete, so that neither a crash nor a second process leaves half of
one. Models with further modules are refused. https://docs.pytorch.org/docs/stable/onnx_export.html
"""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.index.encoder_files import EncoderIdentity, first_line, sha256_of
from pincite.index.onnx_encoder import (
    FORMAT,
    MODEL,
    TOKENIZER,
    Export,
    ExportDamagedError,
    ExportedFile,
    ExportMissingError,
    OnnxEncoder,
)
from pincite.index.quiet import quiet
from pincite.index.transformer_encoder import TransformerEncoder

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

EXPORTED_WITH = ("onnxruntime", "onnxscript", "sentence-transformers", "tokenizers", "torch", "transformers")
LEAST_COSINE = 0.9999
PROBES = (
    "",
    "bank",
    "Which bank built 30 internal tools?",
    "Singapore's OCBC Bank has developed about 30 internal tools; they are used across the whole business.",
    "NAÏVE Café, STRASSE/straße, ﬁne: ½ of 1,234.5 €!",
    "def f(x): return {'a': [x ** 2 for _ in range(3)]}  # https://example.org/?q=1&r=2",
    "新加坡华侨银行开发了约三十个内部工具。",
    "東京は日本の首都です。カタカナとひらがな。",
    "Где находится столица России?",
    "ما هي عاصمة مصر؟",
    "भारत की राजधानी नई दिल्ली है। 🙂👩‍👩‍👧",
    " Tabs\tand\nlines,  [SEP] and </s> as plain text ",
    "The quick brown fox jumps over the lazy dog near the old river bank. " * 5,
    "Long texts are cut at the window, and both sides have to cut them at the very same token. " * 35,
)


class ExportFailedError(Exception):
    """The model cannot be converted, or the result cannot be kept; the message says why in one line."""


def convert(encoder: TransformerEncoder, folder: Path) -> OnnxEncoder:
    """Convert the encoder's model into ``folder`` and open it from there.

    That a model cannot be converted is noted beside ``folder``; it is tried again when a library changes.
    Raises ``ExportFailedError``, also when ``folder`` cannot be written.
    """
    if refusal := _refusal(encoder):
        raise ExportFailedError(refusal)
    note = folder.with_name(f"{folder.name}.failed")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if failure := _read_failure(note):
            raise ExportFailedError(failure)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as unfinished:
            complete = Path(unfinished) / "export"
            complete.mkdir()
            if failure := _write(encoder, complete):
                note.write_text("\n".join((failure, *_versions())), "utf-8")
                raise ExportFailedError(failure)
            return _publish(complete, folder, encoder.identity)
    except (OSError, ExportMissingError, ExportDamagedError) as error:
        raise ExportFailedError(
            f"{folder.parent} cannot keep the converted model ({first_line(error)})"
        ) from error


def _refusal(encoder: TransformerEncoder) -> str:
    """Why a model of this build is not converted at all; empty when it may be."""
    kinds = [type(module).__name__ for module in encoder.model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return f"only transformer, pooling and normalisation can be converted, not {', '.join(kinds)}"
    pooling = encoder.model[1]
    if (mode := _pooling_mode(encoder.model)) not in ("mean", "cls", "max"):
        return f"pooling by {mode} cannot be converted"
    if encoder.tokenizer.prefix and not pooling.include_prompt:
        return "pooling that leaves the prompt out cannot be converted"
    return ""


def _pooling_mode(model: SentenceTransformer) -> str:
    pooling = model[1]
    return str(pooling.pooling_mode if hasattr(pooling, "pooling_mode") else pooling.get_pooling_mode_str())


def _write(encoder: TransformerEncoder, folder: Path) -> str:
    """Write a complete export into an empty folder; returns why it is of no use, or nothing."""
    try:
        with quiet():
            _write_graph(encoder.model, folder / MODEL)
        _write_rest(encoder, folder)
        return _disagreement(encoder, _open(folder, encoder.identity))
    except OSError:
        raise  # the disk's fault, not the model's
    except Exception as error:  # noqa: BLE001 - libraries raise whatever they stumble over; the caller tells it
        return f"it cannot be converted ({first_line(error)})"


def _write_rest(encoder: TransformerEncoder, folder: Path) -> None:
    """The tokenizer, and the record of all files beside it."""
    tokenizer = encoder.tokenizer
    tokenizer.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    Export(
        format=FORMAT,
        dimension=encoder.identity.dimension,
        window=tokenizer.window,
        prefix=tokenizer.prefix,
        unknown_id=tokenizer.unknown_id,
        padding_id=encoder.padding_id,
        files=tuple(
            ExportedFile(path.name, path.stat().st_size, sha256_of(path)) for path in sorted(folder.iterdir())
        ),
        versions=_versions(),
    ).write(folder)


def _write_graph(model: SentenceTransformer, path: Path) -> None:
    import torch

    model[0].auto_model.set_attn_implementation("eager")
    ids = torch.arange(14).reshape(2, 7)
    mask = torch.ones_like(ids)  # a tensor of its own: one given twice would be traced as one input
    shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence")}
    torch.onnx.export(
        _sentence_graph(model),
        (ids, mask),
        path,
        dynamo=True,
        external_data=True,
        input_names=["input_ids", "attention_mask"],
        output_names=["sentence_vectors"],
        dynamic_shapes=(shape, shape),
        verbose=False,
    )


def _sentence_graph(model: SentenceTransformer) -> torch.nn.Module:
    """Ids and mask, both int64 ``(n_texts, n_tokens)``, to unit vectors ``(n_texts, dimension)``."""
    import torch

    class SentenceGraph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = model[0].auto_model
            self.pooling = _pooling_mode(model)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            tokens = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            present = attention_mask.unsqueeze(-1).to(tokens.dtype)
            if self.pooling == "cls":
                pooled = tokens[:, 0]
            elif self.pooling == "max":
                pooled = tokens.masked_fill(present == 0, torch.finfo(tokens.dtype).min).amax(1)
            else:
                pooled = (tokens * present).sum(1) / present.sum(1)
            return torch.nn.functional.normalize(pooled, dim=1)

    return SentenceGraph().eval()


def _disagreement(encoder: TransformerEncoder, exported: OnnxEncoder) -> str:
    """How the converted model departs from its source on the probes; empty when it does not."""
    expected, found = encoder.encode(PROBES), exported.encode(PROBES)
    if expected.shape != found.shape:
        return f"the converted model gives vectors of shape {found.shape}, not {expected.shape}"
    worst = float((expected * found).sum(axis=1).min())
    if not worst >= LEAST_COSINE:  # so that a NaN fails too
        return f"the converted model's vectors differ: cosine {worst:.5f}, less than {LEAST_COSINE}"
    return ""


def _publish(complete: Path, folder: Path, identity: EncoderIdentity) -> OnnxEncoder:
    """Move a complete export into place, unless a sound one of another process is there by now."""
    for path in (*complete.iterdir(), complete):
        _flush(path)
    try:
        complete.rename(folder)
    except OSError:
        try:
            return _open(folder, identity)
        except (ExportMissingError, ExportDamagedError):
            shutil.rmtree(folder)
            complete.rename(folder)
    _flush(folder.parent)
    return _open(folder, identity)


def _open(folder: Path, identity: EncoderIdentity) -> OnnxEncoder:
    return OnnxEncoder.open(folder, name=identity.name, weights_sha256=identity.weights_sha256)


def _flush(path: Path) -> None:
    """Have the disk hold a file, or a folder's entries, before anything relies on them."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such call for folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_failure(note: Path) -> str:
    """Why these very libraries failed before; empty when they did not, or others did."""
    if not note.exists():
        return ""
    failure, *versions = note.read_text("utf-8").splitlines()
    return failure if tuple(versions) == _versions() else ""


def _versions() -> tuple[str, ...]:
    return tuple(f"{name} {version(name)}" for name in EXPORTED_WITH)
