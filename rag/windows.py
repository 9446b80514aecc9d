"""How much an LLM can be shown: estimates of tokens, and what servers let be known of their windows.

No tokenizer is at hand, so tokens are estimated from above and from below, and corrected by what a server
reports. What was learned of a model is kept for as long as the process runs.

The upper estimate takes three ASCII characters or two thirds of any other for a token; English has four or
more to one, Chinese one or more, code and tables about three. The lower one counts words and figures, which
no tokenizer in use runs together, and a token for three Chinese characters.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pincite.index.language import HAN, KANA

_FOR_THE_ANSWER = 1024
_LARGEST_SHARE_FOR_THE_ANSWER = 0.25
_OVERHEAD = 16  # what a chat template puts around two messages
_SMALLEST = 256
_SMALLEST_CUT = 1000
_LEAST_SCALE = 0.3
_WORD = re.compile(rf"[^\W\d_{HAN}{KANA}]+|\d{{1,3}}")
_EAST_ASIAN = re.compile(f"[{HAN}{KANA}]")
_WINDOWS = frozenset(2**power for power in range(10, 18))
_SURELY = 0.6  # of the upper estimate: five ASCII characters a token
_LIMITS = re.compile(
    r"(?:maximum|max)\D{0,40}?(?:context|length|window|tokens)\D{0,40}?(\d{3,7})"
    r"|context (?:size|length|window)\D{0,20}?(\d{3,7})",
    re.IGNORECASE,
)
_RATE = re.compile(r"per (?:minute|hour|day)|\brate\b|quota|max_(?:completion_)?tokens", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|maximum[^.]{0,40}tokens|too many tokens|prompt is too long"
    r"|exceeds?[^.]{0,40}(?:context|tokens)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of a model's window: its ``tokens``, None where nobody said; and how many tokens it
    counts for one of the upper estimate.
    """

    tokens: int | None = None
    scale: float = 1.0

    def fitting(self, passages: Sequence[str], rest: str) -> int:
        """Return how many of the passages, from the first, fit together with the ``rest`` of the prompt and
        room for an answer: at least one.
        """
        if self.tokens is None:
            return len(passages)
        room = self.tokens - min(_FOR_THE_ANSWER, self.tokens * _LARGEST_SHARE_FOR_THE_ANSWER)
        room -= self.scale * most_tokens(rest) + _OVERHEAD
        for count, passage in enumerate(passages):
            room -= self.scale * most_tokens(passage)
            if room < 0:
                return max(count, 1)
        return len(passages)

    def counted(self, prompt: str, tokens: int) -> "Window":
        """Return what is known once a server has counted ``tokens`` in ``prompt``.

        Where it counted fewer than the prompt can have, it has cut it: what it counted is its window.
        """
        if was_cut(prompt, tokens):
            return replace(self, tokens=tokens)
        scale = min(max(tokens / max(most_tokens(prompt), 1), _LEAST_SCALE), 1.0)
        return replace(self, scale=scale)

    def refused(self, prompt: str, problem: str) -> "Window":
        """Return what is known once a server has refused ``prompt`` as too long, and said so in ``problem``:
        the window that it named, or else half of what it was sent.
        """
        named = [int(figure) for match in _LIMITS.finditer(problem) for figure in match.groups() if figure]
        sent = int(self.scale * most_tokens(prompt))
        tokens = min((figure for figure in named if figure >= _SMALLEST), default=sent // 2)
        return replace(self, tokens=max(tokens if tokens < sent else sent // 2, _SMALLEST))


def says_too_long(problem: str) -> bool:
    """Whether a server's message says that the prompt does not fit its window."""
    return _TOO_LONG.search(problem) is not None and _RATE.search(problem) is None


def was_cut(prompt: str, tokens: int) -> bool:
    """Whether a server that counted ``tokens`` cannot have read the whole prompt: they are fewer than its
    words, or exactly a usual window that the prompt would have overflowed, as Ollama reports.
    """
    if tokens < _SMALLEST_CUT:
        return False  # no window in use: the server counts something else
    return tokens < least_tokens(prompt) or (tokens in _WINDOWS and tokens < _SURELY * most_tokens(prompt))


def most_tokens(text: str) -> int:
    """Return an estimate of a text's tokens that is rarely too low."""
    ascii_characters = sum(character.isascii() for character in text)
    return math.ceil(ascii_characters / 3 + (len(text) - ascii_characters) * 1.5)


def least_tokens(text: str) -> int:
    """Return an estimate of a text's tokens that is never too high."""
    return len(_WORD.findall(text)) + len(_EAST_ASIAN.findall(text)) // 3
