"""Where an LLM is: what names one, and the client that speaks to it.

Any server that speaks OpenAI's protocol is reached through llama-index, which is loaded when a client is
made. Nothing is sent here; ``llm`` does the asking.
"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import httpx

MAX_SILENT_SECONDS = 180.0  # a large model on a small machine reads for long before it writes
MAX_CONNECTING_SECONDS = 10.0
MAX_SECONDS = 300.0  # for one response
MAX_BYTES = 4_000_000  # of one response; a streamed answer has some 200 bytes a token
NO_KEY = "none"  # a local server wants no key, but the client insists on one

PROVIDERS = {
    "llamacpp": "http://localhost:8080/v1",
    "ollama": "http://localhost:11434/v1",
    "openai": "https://api.openai.com/v1",
    "vllm": "http://localhost:8000/v1",
}
_LOCAL_PROVIDERS = PROVIDERS.keys() - {"openai"}
FORMS = (
    f"PROVIDER/MODEL with a provider of {', '.join(PROVIDERS)} (ollama/qwen3:4b),"
    " or URL#MODEL (http://localhost:8080/v1#qwen3)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A server and one of its models. ``wants_key``: it is sent the key that the environment has."""

    url: SplitResult
    model: str
    wants_key: bool

    @classmethod
    def of(cls, llm: str) -> Self:
        """Read "PROVIDER/MODEL" or "URL#MODEL". Raises ValueError for anything else."""
        provider, _, model = llm.strip().partition("#" if "://" in llm else "/")
        url = provider if "://" in provider else PROVIDERS.get(provider.lower(), "")
        with suppress(ValueError):  # a port that is no number, half an IPv6 address
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and model:
                return cls(parts, model, provider.lower() not in _LOCAL_PROVIDERS)
        raise ValueError(f"llm must be {FORMS}; got {re.sub('//.*@', '//', llm)!r}")

    @property
    def server(self) -> str:
        """Host and port, without a password that may stand before them."""
        return self.url.netloc.rpartition("@")[2]

    @property
    def is_this_machine(self) -> bool:
        """Whether what is sent there stays here."""
        host = self.url.hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Connection:
    """The llama-index LLM for an address, with its HTTP client.

    It retries nothing, follows no redirect, and gives up on a response that is silent or far too long.
    """

    llm: Any
    client: httpx.Client
    responses: list[httpx.Response]

    def hang_up(self) -> None:
        """End the responses that are still coming: closing llama-index's iterator does not."""
        while self.responses:
            self.responses.pop().close()


def connect(address: Address) -> Connection:
    """Make a connection. Nothing is sent yet."""
    from llama_index.llms.openai_like import OpenAILike

    responses: list[httpx.Response] = []
    client = httpx.Client(
        timeout=MAX_SILENT_SECONDS,
        # Passages for this machine must not pass through a proxy, which the environment may name.
        trust_env=not address.is_this_machine,
        event_hooks={"request": [_connect_quickly], "response": [_limit, responses.append]},
    )
    llm = OpenAILike(
        model=address.model,
        api_key=None if address.wants_key else NO_KEY,
        api_base=address.url.geturl(),
        is_chat_model=True,
        temperature=0.0,
        timeout=MAX_SILENT_SECONDS,
        max_retries=0,
        http_client=client,
    )
    llm.api_key = llm.api_key or NO_KEY
    return Connection(llm, client, responses)


class ResponseTooLong(Exception):
    """A response has gone on for longer than any answer would; the message says in what."""


def _connect_quickly(request: httpx.Request) -> None:
    request.extensions["timeout"] = {**request.extensions["timeout"], "connect": MAX_CONNECTING_SECONDS}


def _limit(response: httpx.Response) -> None:
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _Limited(response.stream)


class _Limited(httpx.SyncByteStream):
    """A response's bytes, broken off after ``MAX_BYTES`` or ``MAX_SECONDS``, whatever they are."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        received, deadline = 0, time.monotonic() + MAX_SECONDS
        for part in self._stream:
            received += len(part)
            if received > MAX_BYTES:
                raise ResponseTooLong(f"it sent more than {MAX_BYTES // 1_000_000} MB")
            if time.monotonic() > deadline:
                raise ResponseTooLong(f"it went on for more than {MAX_SECONDS:.0f} seconds")
            yield part

    def close(self) -> None:
        self._stream.close()
