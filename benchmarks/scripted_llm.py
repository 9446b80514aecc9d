"""An LLM without a model: it reads the labels in the prompt that pincite sends, and replies what it was told.

It stands where a user's LLM stands, behind ``pincite.ask``, whole or in pieces, so all that comes after a
reply runs as it always does.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.llms import MockLLM
from pydantic import PrivateAttr

_SHOWN = re.compile(
    r"<passage-(?P<nonce>\w+) P(?P<number>\d+)>\n(?P<shown>.*?)\n</passage-(?P=nonce)>", re.DOTALL
)
_PIECES = 5
_TOO_MANY = 90


@dataclass(frozen=True, slots=True)
class Said:
    """A claim that the LLM makes. ``words`` are shown only in the passage that it names, by a label that
    ``label`` is the form of: "P{}" with the number in it, "#" for the bare number, None for none at all.
    """

    text: str
    quote: str | None
    words: str
    label: str | None = "P{}"

    def entry(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Return the claim as it stands in a reply. ``numbers`` are those of the passages with ``words``."""
        if len(numbers) != 1:
            raise LookupError(f"{len(numbers)} passages in the prompt show {self.words!r}")
        label: str | int | None = self.label
        if label is not None:
            label = numbers[0] if label == "#" else label.format(numbers[0], _TOO_MANY + numbers[0])
        return {"passage": label, "quote": self.quote, "text": self.text}


class ScriptedLLM(MockLLM):
    """A llama-index LLM that makes the claims of a script, whatever it is asked."""

    _script: Sequence[Said] = PrivateAttr()

    def __init__(self, *script: Said) -> None:
        """``script`` are the claims, in order."""
        super().__init__(max_tokens=None)
        self._script = script

    def chat(self, messages: Sequence[ChatMessage], **_options: Any) -> ChatResponse:
        """Reply at once."""
        return _response(self._reply(messages))

    def stream_chat(self, messages: Sequence[ChatMessage], **_options: Any) -> Iterator[ChatResponse]:
        """Reply in a few pieces, each with all that was said before it."""
        reply = self._reply(messages)
        step = len(reply) // _PIECES + 1
        return (_response(reply[: at + step], reply[at : at + step]) for at in range(0, len(reply), step))

    def _reply(self, messages: Sequence[ChatMessage]) -> str:
        shown = {int(match["number"]): match["shown"] for match in _SHOWN.finditer(str(messages[-1].content))}
        claims = [
            said.entry([number for number, text in shown.items() if said.words in text])
            for said in self._script
        ]
        return json.dumps({"claims": claims})


def _response(content: str, delta: str | None = None) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role="assistant", content=content), delta=delta)
