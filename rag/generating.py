"""Has an LLM answer, and believes none of it until each quote is found in the passages.

The LLM is any server that speaks OpenAI's protocol, through llama-index, which is loaded only here and only
when asked for. Nothing is downloaded and no tokens are counted. What the LLM is asked, and the form of its
reply, are in ``prompting``; finding a quote is in ``quoting``, comparing it with its claim in ``checking``.
"""

import re
import weakref
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from statistics import fmean
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from pincite.answers import Draft, DraftClaim, Status, Support
from pincite.checking import says_more
from pincite.index.errors import AnswererUnavailable
from pincite.index.retrieval import Hit
from pincite.prompting import Prompt, QuotedClaim, parse_reply, prompt_for
from pincite.quoting import locate

MAX_SECONDS = 60.0

PROVIDERS = {
    "llamacpp": "http://localhost:8080/v1",
    "ollama": "http://localhost:11434/v1",
    "openai": "https://api.openai.com/v1",
    "vllm": "http://localhost:8000/v1",
}
_LOCAL_PROVIDERS = PROVIDERS.keys() - {"openai"}
_FORMS = (
    f"PROVIDER/MODEL with a provider of {', '.join(PROVIDERS)} (ollama/qwen3:4b),"
    " or URL#MODEL (http://localhost:8080/v1#qwen3)"
)
_WEIGHTS: dict[Status, float] = {"quoted": 1.0, "misattributed": 0.8, "check": 0.5, "unsupported": 0.0}
_NOTHING_FOUND = "The LLM gave an answer, but what it quoted could not be found in the documents."
_LONGEST_PROBLEM = 200
_NO_KEY = "none"  # a local server wants no key, but the client insists on one


class Generator:
    """Answers from passages with an LLM. An ``Answerer``."""

    def __init__(self, llm: Any, model: str, server: str = "", *, takes_json: bool = False) -> None:
        """``llm`` is a llama-index LLM; ``takes_json``: it may be asked for JSON by ``response_format``."""
        self._llm = llm
        self._model = model
        self._server = server
        self._takes_json = takes_json

    @classmethod
    def from_llm(cls, llm: str | Any) -> Self:
        """Make a generator from "PROVIDER/MODEL", "URL#MODEL" or a llama-index LLM object.

        The key for "openai/…" and for a URL is what llama-index finds in ``OPENAI_API_KEY``; Ollama, vLLM and
        llama.cpp on this machine are sent none. Nothing is sent yet. Raises ValueError for anything else.
        """
        if isinstance(llm, str):
            url, model = _address_of(llm)
            is_local = llm.strip().partition("/")[0].lower() in _LOCAL_PROVIDERS
            return cls._on_server(url, model, api_key=_NO_KEY if is_local else None)
        from llama_index.core.base.llms.base import BaseLLM
        from llama_index.llms.openai import OpenAI

        if not isinstance(llm, BaseLLM):
            raise ValueError(f"llm must be {_FORMS}, or a llama-index LLM object; got {type(llm).__name__}")
        metadata = llm.metadata
        takes_json = isinstance(llm, OpenAI) and metadata.is_chat_model
        return cls(llm, metadata.model_name, takes_json=takes_json)

    @classmethod
    def _on_server(cls, url: SplitResult, model: str, api_key: str | None) -> Self:
        import httpx
        from llama_index.llms.openai_like import OpenAILike

        # Passages for this machine must not pass through a proxy, which the environment may name.
        client = httpx.Client(timeout=MAX_SECONDS, trust_env=not _is_this_machine(url.hostname))
        llm = OpenAILike(
            model=model,
            api_key=api_key,
            api_base=url.geturl(),
            is_chat_model=True,
            temperature=0.0,
            timeout=MAX_SECONDS,
            max_retries=0,
            http_client=client,
        )
        llm.api_key = llm.api_key or _NO_KEY
        generator = cls(llm, model, url.netloc.rpartition("@")[2], takes_json=True)
        weakref.finalize(generator, client.close)
        return generator

    def answer(self, question: str, hits: Sequence[Hit]) -> Draft:
        """Return the LLM's claims, each with the place of its quote in ``hits`` or marked as unsupported.

        The draft's confidence is the share of claims that were verified, where a quote from another passage
        than the one named counts 0.8, and one that says less than its claim 0.5. Without hits nothing is
        asked. Raises ``AnswererUnavailable`` when the LLM fails or replies in another form than asked.
        """
        method = f"llm:{self._model}"
        if not hits:
            return Draft((), 0.0, method)
        reply = self._reply_to(prompt_for(question, [hit.passage for hit in hits]))
        try:
            quoted = parse_reply(reply)
        except ValueError as error:
            raise AnswererUnavailable(
                f"{self._name} answered something that is not in the asked form: {error}"
            ) from None
        claims = tuple(_verified(claim, hits) for claim in quoted)
        if not any(claim.supports for claim in claims):
            return Draft((), 0.0, method, (_NOTHING_FOUND,) if claims else ())
        return Draft(claims, fmean(_WEIGHTS[claim.status] for claim in claims), method)

    @property
    def _name(self) -> str:
        return f"{self._model} at {self._server}" if self._server else self._model

    def _reply_to(self, prompt: Prompt) -> str:
        try:
            return self._chat(prompt)
        except Exception as error:  # noqa: BLE001 - an LLM object of any make may raise anything
            problem = self._problem(error)
        # Raised out here so that the cause is not chained to it: a server's message may repeat the key.
        raise AnswererUnavailable(problem)

    def _chat(self, prompt: Prompt) -> str:
        from llama_index.core.base.llms.types import ChatMessage, MessageRole
        from openai import BadRequestError, UnprocessableEntityError

        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=prompt.system),
            ChatMessage(role=MessageRole.USER, content=prompt.user),
        ]
        if self._takes_json:
            try:
                response = self._llm.chat(messages, response_format={"type": "json_object"})
                return response.message.content or ""
            except (BadRequestError, UnprocessableEntityError):
                pass  # not every server knows response_format: ask again without it
        return self._llm.chat(messages).message.content or ""

    def _problem(self, error: Exception) -> str:
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        if isinstance(error, APITimeoutError):
            return f"{self._name} gave no answer within {MAX_SECONDS:.0f} seconds"
        if isinstance(error, APIConnectionError):
            return f"{self._name} cannot be reached: is the server running?"
        said = " ".join(str(error).split())
        if isinstance(error, APIStatusError):
            body = error.body if isinstance(error.body, dict) else {}
            said = f"HTTP {error.status_code}, {body.get('message') or said}"
        else:
            said = f"{type(error).__name__}, {said}"
        key = getattr(self._llm, "api_key", None)
        if key and key != _NO_KEY:
            said = said.replace(key, "…")
        return f"{self._name} did not answer: {said[:_LONGEST_PROBLEM]}"


def _address_of(llm: str) -> tuple[SplitResult, str]:
    """Return the server and the model that ``llm`` names."""
    provider, _, model = llm.strip().partition("#" if "://" in llm else "/")
    address = provider if "://" in provider else PROVIDERS.get(provider.lower(), "")
    with suppress(ValueError):  # a port that is no number, half an IPv6 address
        url = urlsplit(address)
        if url.scheme in ("http", "https") and url.hostname and url.port != 0 and model:
            return url, model
    raise ValueError(f"llm must be {_FORMS}; got {re.sub('//[^/]*@', '//', llm)!r}")


def _is_this_machine(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _verified(claim: QuotedClaim, hits: Sequence[Hit]) -> DraftClaim:
    """Look for the claim's quote in the passage it names, then in the others, best first."""
    named = hits[claim.label - 1] if 1 <= claim.label <= len(hits) else None
    for hit in sorted(hits, key=lambda hit: hit is not named):
        passage = hit.passage
        span = locate(passage.text, claim.quote or "")
        if span:
            support = Support(passage, passage.start + span.start, passage.start + span.end, hit.score)
            status: Status = "quoted" if hit is named else "misattributed"
            if says_more(claim.sentence, passage.text[span.start : span.end]):
                status = "check"
            return DraftClaim(claim.sentence, (support,), status)
    return DraftClaim(claim.sentence, (), "unsupported")
