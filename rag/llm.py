"""Asks an LLM through llama-index: one prompt, its reply in pieces, or an error that says what went wrong.

Requests that a server is too busy for are repeated a few times, within bounds; those that it does not
understand are put in a simpler form. What is asked is in ``prompting``, what is made of a reply in
``generating``. No tools are ever offered, and nothing but the prompt is sent.
"""

import time
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Self

from pincite.index.errors import AnswererUnavailable
from pincite.llm_faults import (
    in_words,
    is_endless,
    is_failure,
    is_not_understood,
    is_too_long,
    seconds_to_wait,
)
from pincite.prompting import RESPONSE_FORMATS, Form, Prompt
from pincite.servers import FORMS, MAX_SECONDS, NO_KEY, Address, Connection, ResponseTooLong, connect

MAX_CHARACTERS = 200_000
MAX_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reply as it comes.

    ``prompt_tokens`` and ``finish`` are what the server says of the whole, in the pieces that have it:
    how many tokens it has read, and why the reply ends ("stop", "length").
    """

    text: str
    prompt_tokens: int | None = None
    finish: str = ""


Pieces = Generator[Piece, None, None]
"""A reply as it comes; closing it ends the request."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How a request is put: the form asked for, and whether the server is to count the tokens."""

    form: Form
    counts: bool = False

    @property
    def options(self) -> dict[str, Any]:
        response_format = RESPONSE_FORMATS.get(self.form)
        return {
            **({"response_format": response_format} if response_format else {}),
            **({"stream_options": {"include_usage": True}} if self.counts else {}),
        }


_WAYS = (_Way("json_schema", True), _Way("json_object", True), _Way("tags", True), _Way("tags"))
_KNOWN_WAYS: dict[str, list[_Way]] = {}  # by the name of a model on a server: those that it did not refuse


class PromptTooLong(AnswererUnavailable):
    """The prompt does not fit the model's window; the message says what the server said."""


class BrokenOff(AnswererUnavailable):
    """A reply had begun, and did not come to its end."""


class Overlong(BrokenOff):
    """A reply ran into a limit, as it would again."""


class Llm:
    """A model to ask. ``speaks_openai``: it takes the options of OpenAI's protocol."""

    def __init__(
        self,
        llm: Any,
        model: str,
        *,
        speaks_openai: bool,
        connection: Connection | None = None,
        server: str = "",
    ) -> None:
        """``llm`` is a llama-index LLM; a ``connection`` of ours to its ``server`` is hung up when a reply
        is no longer wanted.
        """
        self.model = model
        self.name = f"{model} at {server}" if server else model
        self.llm = llm
        self._connection = connection
        self._ways: Sequence[_Way] = _WAYS if speaks_openai else (_Way("tags"),)

    @classmethod
    def of(cls, llm: str | Any) -> Self:
        """Take "PROVIDER/MODEL", "URL#MODEL" or a llama-index LLM object.

        The key for "openai/…" and for a URL is what llama-index finds in ``OPENAI_API_KEY``; Ollama, vLLM and
        llama.cpp on this machine are sent none. Nothing is sent yet. Raises ValueError for anything else.
        """
        if isinstance(llm, str):
            address = Address.of(llm)
            connection = connect(address)
            one = cls(
                connection.llm,
                address.model,
                speaks_openai=True,
                connection=connection,
                server=address.server,
            )
            weakref.finalize(one, connection.client.close)
            return one
        from llama_index.core.base.llms.base import BaseLLM
        from llama_index.llms.openai import OpenAI

        if not isinstance(llm, BaseLLM):
            raise ValueError(f"llm must be {FORMS}, or a llama-index LLM object; got {type(llm).__name__}")
        metadata = llm.metadata
        return cls(llm, metadata.model_name, speaks_openai=isinstance(llm, OpenAI) and metadata.is_chat_model)

    @property
    def window_tokens(self) -> int | None:
        """The window that a llama-index object was given; None where it only has its class's default."""
        if "context_window" in getattr(self.llm, "model_fields_set", ()):
            return int(self.llm.metadata.context_window)
        return None

    def pieces(self, prompt: Callable[[Form], Prompt], *, in_tags: bool = False) -> Pieces:
        """Ask, and yield the reply as it comes.

        ``prompt`` makes the messages for the form that is asked for: that of the server's best, or tags.
        Raises ``AnswererUnavailable`` when there is no reply, ``PromptTooLong`` when the server says so, and
        ``BrokenOff`` once it has begun. Closing the iterator ends the request.
        """
        known = _KNOWN_WAYS.get(self.name) if self._connection else None
        ways = [way for way in known or self._ways if way.form == "tags" or not in_tags]
        tries = 0
        while True:
            has_begun = False
            try:
                for piece in self._request(prompt(ways[0].form), ways[0]):
                    has_begun = True
                    yield piece
            except Exception as error:  # noqa: BLE001 - an LLM object of any make may raise anything
                problem = in_words(error, self.name, self._key)
                kind = _kind_of(error, has_begun)
                wait = seconds_to_wait(error, tries)
                is_refused, has_failed = is_not_understood(error), is_failure(error)
            else:
                if self._connection and tries == 0 and not in_tags:
                    _KNOWN_WAYS[self.name] = ways
                return
            # Raised out here so that the cause is not chained to it: a server's message may repeat the key.
            if kind is not AnswererUnavailable:
                raise kind(problem)
            has_simpler = len(ways) > 1
            if has_simpler and (is_refused or has_failed):
                ways.pop(0)
            if is_refused and has_simpler:
                continue
            if wait is None or tries == MAX_RETRIES:
                raise AnswererUnavailable(problem)
            tries += 1
            time.sleep(wait)

    def say(self, prompt: Prompt) -> str:
        """Return a reply in free words. Raises ``AnswererUnavailable``."""
        return "".join(piece.text for piece in self.pieces(lambda _: prompt, in_tags=True))

    def _request(self, prompt: Prompt, way: _Way) -> Pieces:
        """Yield the reply to one request; raises whatever the LLM raises."""
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=prompt.system),
            ChatMessage(role=MessageRole.USER, content=prompt.user),
        ]
        deadline = time.monotonic() + MAX_SECONDS
        characters = 0
        is_empty = True
        with closing(self._stream(messages, way)) as responses:
            for response in responses:
                is_empty = False
                piece = _piece(response, _new_text(response, characters))
                characters += len(piece.text)
                _check_size(characters)
                if time.monotonic() > deadline:
                    raise ResponseTooLong(f"it went on for more than {MAX_SECONDS:.0f} seconds")
                yield piece
        if is_empty:  # neither every server nor every object can stream
            options = {name: value for name, value in way.options.items() if name != "stream_options"}
            response = self.llm.chat(messages, **options)
            text = response.message.content or ""
            _check_size(len(text))
            yield _piece(response, text)

    def _stream(self, messages: Sequence[Any], way: _Way) -> Generator[Any, None, None]:
        """Yield llama-index's responses; none where it cannot stream."""
        try:
            if _streams(type(self.llm)):
                with suppress(NotImplementedError):
                    yield from self.llm.stream_chat(messages, **way.options)
        finally:
            if self._connection is not None:
                self._connection.hang_up()

    @property
    def _key(self) -> str:
        key = getattr(self.llm, "api_key", None)
        return key if isinstance(key, str) and key != NO_KEY else ""


def _new_text(response: Any, characters: int) -> str:
    """Return what a response adds to the ``characters`` before it: not every object fills in ``delta``."""
    if response.delta is not None:
        return str(response.delta)
    return (response.message.content or "")[characters:]


def _streams(kind: type) -> bool:
    """Whether a class streams what it says: not one that makes ``chat`` anew and inherits ``stream_chat``."""
    homes = [next(one for one in kind.__mro__ if name in vars(one)) for name in ("chat", "stream_chat")]
    return kind.__mro__.index(homes[1]) <= kind.__mro__.index(homes[0])


def _check_size(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise ResponseTooLong(f"it wrote more than {MAX_CHARACTERS:,} characters")


def _kind_of(error: Exception, has_begun: bool) -> type[AnswererUnavailable]:
    """Return what kind of failure an error is."""
    if has_begun:
        return Overlong if is_endless(error) else BrokenOff
    return PromptTooLong if is_too_long(error) else AnswererUnavailable


def _piece(response: Any, text: str) -> Piece:
    counted = response.additional_kwargs.get("prompt_tokens")
    choices = getattr(response.raw, "choices", None) or ()
    finish = next((choice.finish_reason for choice in choices if choice.finish_reason), "")
    return Piece(text, counted or None, finish)
