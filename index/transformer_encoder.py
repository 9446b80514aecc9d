"""An encoder that runs on sentence-transformers itself: the source of every conversion, and the fallback.

Always on the CPU and in float32, so that its vectors are those of the converted model.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pincite.index.encoder_files import FLOAT32, EncoderFiles, EncoderIdentity, first_line
from pincite.index.errors import EncoderUnavailable
from pincite.index.quiet import quiet
from pincite.index.text_tokenizer import TextTokenizer, encodable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

UNLIMITED_WINDOW = 512  # for models that read texts of any length: passages still need one
LONGEST_WINDOW = 1_000_000  # transformers writes "no limit" as 10 ** 30
BATCH_SIZE = 32


@dataclass(frozen=True, slots=True)
class TransformerEncoder:
    """An ``Encoder`` over a ``SentenceTransformer``."""

    identity: EncoderIdentity
    model: SentenceTransformer = field(repr=False)
    tokenizer: TextTokenizer = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def open(cls, files: EncoderFiles, weights_sha256: str) -> TransformerEncoder:
        """Load the model from its folder, without network and without code from that folder.

        Raises ``EncoderUnavailable`` when sentence-transformers cannot load it.
        """
        try:
            with quiet():
                return cls._load(files, weights_sha256)
        except Exception as error:
            raise EncoderUnavailable(
                f"encoder {files.name} in {files.folder} could not be loaded ({first_line(error)}): "
                "is it a complete sentence-transformers model?"
            ) from error

    @classmethod
    def _load(cls, files: EncoderFiles, weights_sha256: str) -> TransformerEncoder:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(
            str(files.folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
        model.eval().float()
        dimension = len(model.encode("a text", normalize_embeddings=True, show_progress_bar=False))
        return cls(
            EncoderIdentity(files.name, weights_sha256, dimension, FLOAT32), model, _text_tokenizer(model)
        )

    @property
    def max_tokens(self) -> int:
        """See ``Encoder``."""
        return self.tokenizer.max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See ``Encoder``; one thread at a time, since transformers' tokenizers are not shared safely."""
        import numpy as np

        if isinstance(texts, str):
            raise ValueError("encode takes a sequence of texts, not one text")
        if not texts:
            return np.empty((0, self.identity.dimension), dtype=np.float32)
        with self._lock:
            vectors = self.model.encode(
                [encodable(text) for text in texts],
                batch_size=BATCH_SIZE,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``Encoder``."""
        return self.tokenizer.count(texts)

    def known_share(self, text: str) -> float:
        """See ``Encoder``."""
        return self.tokenizer.known_share(text)


def _text_tokenizer(model: SentenceTransformer) -> TextTokenizer:
    """The model's tokenizer as ours."""
    from tokenizers import Tokenizer

    own = model.tokenizer
    backend = getattr(own, "backend_tokenizer", own)
    if not isinstance(backend, Tokenizer):
        raise TypeError(f"its tokenizer, {type(own).__name__}, is none of the tokenizers library's")
    tokenizer = Tokenizer.from_str(backend.to_str())
    unknown = getattr(own, "unk_token", None) or getattr(backend.model, "unk_token", None)
    longest = model.max_seq_length
    if longest is None or longest > LONGEST_WINDOW:
        longest = UNLIMITED_WINDOW
    return TextTokenizer.of(
        tokenizer,
        window=int(longest) - tokenizer.num_special_tokens_to_add(is_pair=False),
        prefix=model.prompts.get(model.default_prompt_name) or "",
        unknown_id=tokenizer.token_to_id(unknown) if unknown else None,
    )
