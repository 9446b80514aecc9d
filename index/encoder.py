"""Text to unit vectors: the ``Encoder`` protocol, and ``load_encoder``, which finds and opens one by name.

Any sentence-transformers model will do. The first load converts it to ONNX (``onnx_export``), once more with
its products in integers (``quantisation``), and keeps both in the user's cache; later loads open the one that
is quicker here (``precisions``), or the one that a corpus was made with, and need neither torch nor
transformers (``onnx_encoder``). A model that cannot be converted runs on sentence-transformers itself
(``transformer_encoder``): slower, with the vectors of float32.

What a name means on disk, and the check of the weights, is ``encoder_files``'s. A model's prompts for queries
and for documents are not applied, since an encoder does not know which a text is; a default prompt is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pincite.index.encoder_files import (
    DEFAULT_ENCODER,
    FLOAT32,
    INT8,
    EncoderFiles,
    EncoderIdentity,
    find_encoder_files,
)
from pincite.index.errors import EncoderUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pincite.index.onnx_encoder import OnnxEncoder

__all__ = [
    "DEFAULT_ENCODER",
    "LEAST_KNOWN_SHARE",
    "Encoder",
    "EncoderIdentity",
    "check_precision",
    "load_encoder",
]

LEAST_KNOWN_SHARE = 0.9
"""Below this ``known_share`` a vector says more about what the vocabulary lacks than about the text."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity; safe to call from several threads."""

    @property
    def identity(self) -> EncoderIdentity:
        """Which encoder this is: vectors of two encoders compare only when their identities do."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of one text are read, special tokens already taken off; the rest is cut."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32, ``(n_texts, dimension)``, each row of unit length, in the order of ``texts``."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens in each whole text, without special tokens and not truncated."""

    def known_share(self, text: str) -> float:
        """0 to 1: the share of the text's characters, spaces aside, that the vocabulary knows; 1 for none."""


def load_encoder(
    name: str = DEFAULT_ENCODER,
    *,
    precision: str | None = None,
    progress: Callable[[str], None] | None = None,
    cache: Path | None = None,
) -> Encoder:
    """The encoder of that name: the default, a folder, or a model of a hub.

    ``precision`` is ``"float32"`` or ``"int8"``; None is the one that is quicker on this processor
    (``precisions``). A model that cannot be had in integers comes in float32: ``identity`` says what it is. A
    folder never causes network traffic, and a hub is asked only for a model that its local cache lacks.
    ``progress`` is told, in one line each, of work that takes seconds and of a fallback. ``cache`` is the
    folder for converted models, by default ``encoders`` in the user's cache folder.

    Raises ``EncoderUnavailable`` when there is no such model, or its weights are not the expected ones, and
    ValueError for another ``precision``.
    """
    check_precision(precision)
    tell = progress or _say_nothing
    cache = cache or _default_cache()
    files = find_encoder_files(name, progress=tell)
    weights_sha256 = files.weights_sha256(cache)
    place = _Place(files, weights_sha256, cache / weights_sha256 / files.settings_digest(), tell)
    return place.kept(precision) or place.made(precision)


def check_precision(precision: str | None) -> None:
    """Raise ValueError for what is no precision that an encoder can be asked for."""
    if precision not in {None, FLOAT32, INT8}:
        raise ValueError(f"precision is {FLOAT32} or {INT8}, not {precision}")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model's conversions are kept, a folder for each precision."""

    files: EncoderFiles
    weights_sha256: str
    folder: Path
    tell: Callable[[str], None]

    def kept(self, precision: str | None) -> OnnxEncoder | None:
        """The conversion that is wanted; None when none is there yet, or it is damaged."""
        from pincite.index.onnx_encoder import ExportDamagedError, ExportMissingError

        if precision is None:
            from pincite.index.precisions import remembered_precision

            precision = remembered_precision(self.folder)
        try:
            return self._opened(precision) if precision else None
        except (ExportMissingError, ExportDamagedError):
            return None  # ``made`` tells of it

    def made(self, precision: str | None) -> Encoder:
        """The encoder that is wanted, converted now; or what can be had in its place."""
        from pincite.index.conversions import ConversionNotKeptError

        try:
            return self._made(precision)
        except ConversionNotKeptError as error:
            self.tell(f"encoder {self.files.name} is converted for this time only: {error}")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                return replace(self, folder=Path(folder) / "encoder")._made(precision)
            except ConversionNotKeptError as error:
                raise EncoderUnavailable(f"encoder {self.files.name}: {error}") from error

    def _made(self, precision: str | None) -> Encoder:
        from pincite.index.onnx_encoder import OnnxEncoder
        from pincite.index.precisions import quicker, remember_precision

        exact = self._open(FLOAT32) or self._first_load(precision)
        if precision == FLOAT32 or not isinstance(exact, OnnxEncoder):
            return exact
        rounded = self._open(INT8) or self._rounded(exact, precision)
        if precision == INT8 or rounded is None:
            return rounded or exact
        chosen = quicker(exact, rounded)
        remember_precision(self.folder, chosen.identity.precision)
        return chosen

    def _open(self, precision: str) -> OnnxEncoder | None:
        from pincite.index.onnx_encoder import ExportDamagedError, ExportMissingError

        try:
            return self._opened(precision)
        except ExportMissingError:
            return None
        except ExportDamagedError as error:
            self.tell(f"the converted encoder {self.files.name} is damaged ({error}): converting it again")
            return None

    def _opened(self, precision: str) -> OnnxEncoder:
        from pincite.index.onnx_encoder import OnnxEncoder

        folder = self.folder / precision
        return OnnxEncoder.open(folder, name=self.files.name, weights_sha256=self.weights_sha256)

    def _first_load(self, precision: str | None) -> Encoder:
        """Load with sentence-transformers and convert; or stay with sentence-transformers."""
        from pincite.index.conversions import ConversionFailedError, ConversionNotKeptError
        from pincite.index.onnx_export import convert
        from pincite.index.transformer_encoder import TransformerEncoder

        name = self.files.name
        self.tell(f"loading encoder {name} for the first time")
        self.files.check_weights(self.weights_sha256)
        encoder = TransformerEncoder.open(self.files, self.weights_sha256)
        try:
            self.tell(f"converting encoder {name} for quick starts, once: about 20 seconds")
            return convert(encoder, self.folder / FLOAT32)
        except ConversionFailedError as error:
            if precision == INT8 and isinstance(error, ConversionNotKeptError):
                raise
            self.tell(f"encoder {name} runs on sentence-transformers, which starts slower: {error}")
            return encoder

    def _rounded(self, exact: OnnxEncoder, precision: str | None) -> OnnxEncoder | None:
        """Convert to integers; None where that cannot be had."""
        from pincite.index.conversions import ConversionFailedError, ConversionNotKeptError
        from pincite.index.precisions import remember_precision
        from pincite.index.quantisation import convert_to_int8

        try:
            return convert_to_int8(exact, self.folder / FLOAT32, self.folder / INT8)
        except ConversionFailedError as error:
            if not isinstance(error, ConversionNotKeptError):
                remember_precision(self.folder, FLOAT32)
            elif precision == INT8:
                raise
            self.tell(f"encoder {self.files.name} stays in float32: {error}")
            return None


def _default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("pincite") / "encoders"


def _say_nothing(message: str) -> None:
    """Progress for a caller that wants none."""
