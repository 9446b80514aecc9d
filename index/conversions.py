"""Makes converted models and keeps them: complete and checked, or not at all.

A model is converted in a folder of its own, which is renamed into place when it is complete, so that neither
a crash nor a second process leaves half of one. That a model cannot be converted is noted beside its place,
and tried again when a library changes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.index.encoder_files import EncoderIdentity, first_line, sha256_of
from pincite.index.onnx_encoder import (
    FORMAT,
    TOKENIZER,
    Export,
    ExportDamagedError,
    ExportedFile,
    ExportMissingError,
    OnnxEncoder,
)
from pincite.index.text_tokenizer import TextTokenizer

if TYPE_CHECKING:
    from pincite.index.encoder import Encoder

CONVERTED_WITH = (
    "onnx",
    "onnxruntime",
    "onnxscript",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
)
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
"""What a converted model is tried with."""


class ConversionFailedError(Exception):
    """The model cannot be converted; the message says why in one line."""


class ConversionNotKeptError(ConversionFailedError):
    """The model could be converted, but its folder cannot be written."""


def converted(folder: Path, identity: EncoderIdentity, write: Callable[[Path], str]) -> OnnxEncoder:
    """Have a model converted into ``folder``, and open it from there.

    ``write`` writes a complete conversion into an empty folder, and returns why it is of no use, or nothing.
    Raises ``ConversionFailedError``.
    """
    note = folder.with_name(f"{folder.name}.failed")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if failure := _read_failure(note):
            raise ConversionFailedError(failure)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as unfinished:
            complete = Path(unfinished) / "export"
            complete.mkdir()
            if failure := _failure(write, complete):
                note.write_text("\n".join((failure, *_versions())), "utf-8")
                raise ConversionFailedError(failure)
            return _publish(complete, folder, identity)
    except (OSError, MemoryError, ExportMissingError, ExportDamagedError) as error:
        raise ConversionNotKeptError(
            f"{folder.parent} cannot keep the converted model ({first_line(error)})"
        ) from error


def write_rest(folder: Path, tokenizer: TextTokenizer, dimension: int, precision: str) -> None:
    """Write what a conversion has beside its graph: the tokenizer, and the record of all files."""
    tokenizer.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    Export(
        format=FORMAT,
        dimension=dimension,
        precision=precision,
        window=tokenizer.window,
        prefix=tokenizer.prefix,
        unknown_id=tokenizer.unknown_id,
        files=tuple(
            ExportedFile(path.name, path.stat().st_size, sha256_of(path)) for path in sorted(folder.iterdir())
        ),
        versions=_versions(),
    ).write(folder)


def least_cosine(one: Encoder, other: Encoder) -> float:
    """Return how far two encoders of the same weights agree on ``PROBES``, at the worst. Raises ValueError
    where their vectors have different lengths.
    """
    ours, theirs = one.encode(PROBES), other.encode(PROBES)
    return float((ours * theirs).sum(axis=1).min())


def opened(folder: Path, identity: EncoderIdentity) -> OnnxEncoder:
    """Open the conversion in ``folder``, under the name and weights of what it was made from."""
    return OnnxEncoder.open(folder, name=identity.name, weights_sha256=identity.weights_sha256)


def _failure(write: Callable[[Path], str], folder: Path) -> str:
    try:
        return write(folder)
    except (OSError, MemoryError):
        raise  # the machine's fault, not the model's
    except Exception as error:  # noqa: BLE001 - libraries raise whatever they stumble over; the caller tells it
        return f"it cannot be converted ({first_line(error)})"


def _publish(complete: Path, folder: Path, identity: EncoderIdentity) -> OnnxEncoder:
    """Move a complete conversion into place, unless a sound one of another process is there by now."""
    for path in (*complete.iterdir(), complete):
        _flush(path)
    try:
        complete.rename(folder)
    except OSError:
        try:
            return opened(folder, identity)
        except (ExportMissingError, ExportDamagedError):
            shutil.rmtree(folder)
            complete.rename(folder)
    _flush(folder.parent)
    return opened(folder, identity)


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
    """Return why these very libraries failed before; empty when they did not, or others did."""
    if not note.exists():
        return ""
    failure, *versions = note.read_text("utf-8").splitlines()
    return failure if tuple(versions) == _versions() else ""


def _versions() -> tuple[str, ...]:
    return tuple(f"{name} {version(name)}" for name in CONVERTED_WITH)
