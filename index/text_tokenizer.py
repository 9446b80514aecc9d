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
    from tokenizers import Encoding, Tokenizer

_ALL_ASCII = " ".join(f"{one} {one * 3} a{one}a" for one in map(chr, range(0x21, 0x7F)))
_UNUSUAL = re.compile(r"[^\t\n\r -~]|\S{51}")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """``prefix`` goes before every text; ``window`` counts the tokens of both, not the special ones.
    ``spells_ascii``: every word of usual length in ASCII has tokens, if only one for each character.
    """

    tokenizer: Tokenizer
    window: int
    prefix: str = ""
    unknown_id: int | None = None
    spells_ascii: bool = False

    @classmethod
    def of(cls, tokenizer: Tokenizer, *, window: int, prefix: str, unknown_id: int | None) -> TextTokenizer:
        """Takes over ``tokenizer``, which must not be used elsewhere."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        spelt = tokenizer.encode(_ALL_ASCII, add_special_tokens=False).ids
        return cls(tokenizer, window, prefix, unknown_id, unknown_id not in spelt)

    @property
    def max_tokens(self) -> int:
        """The tokens of one text that fit beside the prefix."""
        return (
            self.window - sum(replace(self, prefix="").count([self.prefix])) if self.prefix else self.window
        )

    def row(self, text: str) -> list[int]:
        """The ids that the model reads for a text: cut to the window, special tokens added."""
        encoding = self._encoding(self.prefix + text)
        encoding.truncate(self.window)
        return list(self.tokenizer.post_process(encoding).ids)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each whole text alone."""
        # One by one: a batch of short texts costs half as much again, and of many ones a lot of memory.
        return [len(self._encoding(text)) for text in texts]

    def known_share(self, text: str) -> float:
        """The share of the characters, spaces aside, that are in no unknown token; 1.0 without characters."""
        if self.spells_ascii and not _UNUSUAL.search(text):
            return 1.0
        encoding = self._encoding(text)
        if self.unknown_id not in encoding.ids:
            return 1.0
        visible = {position for position, character in enumerate(text) if not character.isspace()}
        unknown = (
            span for id_, span in zip(encoding.ids, encoding.offsets, strict=True) if id_ == self.unknown_id
        )
        return len(visible.difference(*(range(*span) for span in unknown))) / len(visible)

    def _encoding(self, text: str) -> Encoding:
        return self.tokenizer.encode(encodable(text), add_special_tokens=False)


def encodable(text: str) -> str:
    """``text`` with each lone surrogate, which UTF-8 cannot hold, replaced by U+FFFD; the same length."""
    return LONE_SURROGATE.sub("\ufffd", text)
