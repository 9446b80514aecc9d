"""People at the chat page at once, each with a session and a cookie of its own, who do what a browser does.

A user opens the page, names a session and causes the page's own events through gradio's queue: beginning,
example questions, and for each question asking it and, after its answer, drawing what is looked at. A
question takes from sending it to the last of its answer. An error is whatever a person would see as one: a
status of 400 or more (429 too), an event that failed, anything but one answer more in the conversation.
"""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from towns import Fact

READING_SECONDS = (1.0, 2.0)
_PATIENCE_SECONDS = 60.0
_EVENTS = "/gradio_api/queue"


@dataclass(slots=True)
class Tally:
    """What happened to all users together: the seconds of each question, how many were answered rightly."""

    seconds: list[float] = field(default_factory=list)
    right: int = 0
    errors: list[str] = field(default_factory=list)


async def visit(url: str, facts_of_each: Iterable[Iterable[Fact]], seconds: float) -> Tally:
    """Have a user for each of ``facts_of_each`` ask for these facts, for so long, all at once."""
    tally = Tally()
    until = time.perf_counter() + seconds
    await asyncio.gather(*(User(url, tally).stay(facts, until) for facts in facts_of_each))
    return tally


class User:
    """One person with a browser."""

    def __init__(self, url: str, tally: Tally) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=_PATIENCE_SECONDS, trust_env=False)
        self._session = secrets.token_hex(6)
        self._tally = tally
        self._events: dict[str, tuple[int, list[Any]]] = {}
        self._results: dict[str, asyncio.Future[Any]] = {}
        self._listening: asyncio.Task[None] | None = None

    async def stay(self, facts: Iterable[Fact], until: float) -> None:
        """Open the page, and ask one question after the other until then."""
        async with self._client:
            try:
                (await self._client.get("/")).raise_for_status()  # first: it gives the cookie
                heart = asyncio.create_task(self._beat())
                await self._visit(facts, until)
                heart.cancel()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted, and the others go on
                self._tally.errors.append(f"{type(error).__name__}: {error}")

    async def _visit(self, facts: Iterable[Fact], until: float) -> None:
        self._events = events_of((await self._client.get("/config")).raise_for_status().json())
        await self._cause("begin")
        examples = asyncio.create_task(self._cause("examples"))
        for number, fact in enumerate(facts, start=1):
            await asyncio.sleep(random.uniform(*READING_SECONDS))
            if time.perf_counter() > until:
                break
            await self._ask(fact, number)
        await examples

    async def _ask(self, fact: Fact, number: int) -> None:
        started = time.perf_counter()
        shown = json.dumps(await self._cause("ask", fact.question))
        self._tally.seconds.append(time.perf_counter() - started)
        if shown.count("<section class") != number or "pc-problem" in shown:
            raise ValueError(f"no answer to {fact.question!r}: {shown[:400]}")
        self._tally.right += f"<span>{fact.answer}</span>" in shown
        await self._cause("look")

    async def _cause(self, name: str, *first: object) -> Any:
        """Cause an event, and return what comes of it; but for ``first``, its inputs are as on a new page."""
        number, values = self._events[name]
        data = [*first, *values[len(first) :]]
        body = {"data": data, "fn_index": number, "session_hash": self._session}
        joined = (await self._client.post(f"{_EVENTS}/join", json=body)).raise_for_status().json()
        result = self._result(joined["event_id"])
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        return await asyncio.wait_for(result, _PATIENCE_SECONDS)

    async def _listen(self) -> None:
        """Read what comes of this session's events until nothing more is to come, as the page does."""
        while any(not result.done() for result in self._results.values()):
            address, query = f"{_EVENTS}/data", {"session_hash": self._session}
            async with self._client.stream("GET", address, params=query) as stream:
                stream.raise_for_status()
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        self._take(json.loads(line.removeprefix("data:")))

    def _take(self, message: dict[str, Any]) -> None:
        if message["msg"] != "process_completed":
            return
        result = self._result(message["event_id"])
        if message["success"]:
            result.set_result(message["output"]["data"])
        else:
            result.set_exception(ValueError(str(message["output"])))

    def _result(self, event_id: str) -> "asyncio.Future[Any]":
        return self._results.setdefault(event_id, asyncio.get_running_loop().create_future())

    async def _beat(self) -> None:
        """Keep open what tells the server that the page is still there."""
        async with self._client.stream(
            "GET", f"/gradio_api/heartbeat/{self._session}", timeout=None
        ) as stream:
            async for _ in stream.aiter_bytes():
                pass


def events_of(config: dict[str, Any]) -> dict[str, tuple[int, list[Any]]]:
    """Return the number and a new page's inputs of each event of a visit, as the page describes itself."""
    components = {one["id"]: one["props"] for one in config["components"]}
    dependencies = config["dependencies"]
    question = next(number for number, props in components.items() if props.get("elem_id") == "pc-question")

    def following(number: int) -> dict[str, Any]:
        after = (one for one in dependencies if one["trigger_after"] == number)
        return next(one for one in after if not one["trigger_only_on_failure"])

    begin = next(one for one in dependencies if "load" in (name for _, name in one["targets"]))
    ask = next(one for one in dependencies if [question, "submit"] in map(list, one["targets"]))
    found = {"begin": begin, "examples": following(begin["id"]), "ask": ask, "look": following(ask["id"])}
    return {
        name: (one["id"], [components[number].get("value") for number in one["inputs"]])
        for name, one in found.items()
    }
