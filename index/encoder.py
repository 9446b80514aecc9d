"""Text to unit vectors: the ``Encoder`` protocol, and ``load_encoder``, which finds and opens one by name.

Any sentence-transformers model will do. The first load converts it to ONNX (``onnx_export``) and keeps the
result in the user's cache; later loads open that (``onnx_encoder``) and need neither torch nor transformers.
A model that cannot be converted runs on sentence-transformers itself (``transformer_encoder``): the same
vectors, but slower to start.

What a name means on disk, and the check of the weights, is ``encoder_files``'s. A model's prompts for queries
and for documents are not applied, since an encoder does not know which a text is; a default prompt is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pincite.index.encoder_files import DEFAULT_ENCODER, EncoderFiles, EncoderIdentity, find_encoder_files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DEFAULT_ENCODER", "LEAST_KNOWN_SHARE", "Encoder", "EncoderIdentity", "load_encoder"]

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
    progress: Callable[[str], None] | None = None,
    cache: Path | None = None,
) -> Encoder:
    """The encoder of that name: the default, a folder, or a model of a hub.

    A folder never causes network traffic, and a hub is asked only for a model that its local cache lacks.
    ``progress`` is told, in one line each, of work that takes seconds and of a fallback. ``cache`` is the
    folder for converted models, by default ``encoders`` in the user's cache folder.

    Raises ``EncoderUnavailable`` when there is no such model, or its weights are not the expected ones.
    """
    tell = progress or _say_nothing
    cache = cache or _default_cache()
    files = find_encoder_files(name, progress=tell)
    weights_sha256 = files.weights_sha256(cache)
    folder = cache / weights_sha256 / files.settings_digest()
    return _open_export(files, weights_sha256, folder, tell) or _first_load(
        files, weights_sha256, folder, tell
    )


def _open_export(
    files: EncoderFiles, weights_sha256: str, folder: Path, tell: Callable[[str], None]
) -> Encoder | None:
    """The converted model in ``folder``; None when there is none yet, or it is damaged."""
    from pincite.index.onnx_encoder import ExportDamagedError, ExportMissingError, OnnxEncoder

    try:
        return OnnxEncoder.open(folder, name=files.name, weights_sha256=weights_sha256)
    except ExportMissingError:
        return None
    except ExportDamagedError as error:
        tell(f"the converted encoder {files.name} is damaged ({error}): converting it again")
        return None


def _first_load(
    files: EncoderFiles, weights_sha256: str, folder: Path, tell: Callable[[str], None]
) -> Encoder:
    """Load with sentence-transformers, convert, and open the result; or stay with sentence-transformers."""
    from pincite.index.onnx_export import ExportFailedError, convert
    from pincite.index.transformer_encoder import TransformerEncoder

    tell(f"loading encoder {files.name} for the first time")
    files.check_weights(weights_sha256)
    encoder = TransformerEncoder.open(files, weights_sha256)
    try:
        tell(f"converting encoder {files.name} for quick starts, once: about 15 seconds")
        return convert(encoder, folder)
    except ExportFailedError as error:
        tell(f"encoder {files.name} runs on sentence-transformers, which starts slower: {error}")
        return encoder


def _default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("pincite") / "encoders"


def _say_nothing(message: str) -> None:
    """Progress for a caller that wants none."""
