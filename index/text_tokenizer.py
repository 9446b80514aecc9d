"""Texts to token ids: what both kinds of encoder share.

The ``tokenizers.Tokenizer`` underneath is used without truncation and padding, so it has no state that
changes, and several threads may share it; rows are cut to the window here, before special tokens are added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_COUNTED_AT_ONCE = 1000  # an encoding takes far more memory than its text
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """``prefix`` goes before every text; ``window`` counts the tokens of both, not the special ones."""

    tokenizer: Tokenizer
    window: int
    prefix: str = ""
    unknown_id: int | None = None

    @classmethod
    def of(cls, tokenizer: Tokenizer, *, window: int, prefix: str, unknown_id: int | None) -> TextTokenizer:
        """Takes over ``tokenizer``, which must not be used elsewhere."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(tokenizer, window, prefix, unknown_id)

    @property
    def max_tokens(self) -> int:
        """The tokens of one text that fit beside the prefix."""
        return (
            self.window - sum(replace(self, prefix="").count([self.prefix])) if self.prefix else self.window
        )

    def row(self, text: str) -> list[int]:
        """The ids that the model reads for a text: cut to the window, special tokens added."""
        encoding = self.tokenizer.encode(encodable(self.prefix + text), add_special_tokens=False)
        encoding.truncate(self.window)
        return list(self.tokenizer.post_process(encoding).ids)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each whole text alone."""
        counts: list[int] = []
        for start in range(0, len(texts), _COUNTED_AT_ONCE):
            some = [encodable(text) for text in texts[start : start + _COUNTED_AT_ONCE]]
            counts += map(len, self.tokenizer.encode_batch_fast(some, add_special_tokens=False))
        return counts

    def known_share(self, text: str) -> float:
        """The share of the characters, spaces aside, that are in no unknown token; 1.0 without characters."""
        encoding = self.tokenizer.encode(encodable(text), add_special_tokens=False)
        if self.unknown_id not in encoding.ids:
            return 1.0
        visible = {position for position, character in enumerate(text) if not character.isspace()}
        unknown = (
            span for id_, span in zip(encoding.ids, encoding.offsets, strict=True) if id_ == self.unknown_id
        )
        return len(visible.difference(*(range(*span) for span in unknown))) / len(visible)


def encodable(text: str) -> str:
    """``text`` with each lone surrogate, which UTF-8 cannot hold, replaced by U+FFFD; the same length."""
    return LONE_SURROGATE.sub("\ufffd", text)
