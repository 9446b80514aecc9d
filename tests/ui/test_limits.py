"""How often, how much and how many at once."""

import asyncio

import pytest

from pincite.ui import limits
from pincite.ui.asgi import Message, Receive, Send
from pincite.ui.limits import Buckets, MeasuredRequests, SmallBodies, client
from tests.ui.asking import Inner, ask, finished


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_again() -> None:
    clock = Clock()
    buckets = Buckets(0.5, 2, clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 2, 2]
    assert buckets.take("b") == 0
    clock.now += 1
    assert buckets.take("a") == 1
    clock.now += 1
    assert [buckets.take("a") for _ in range(2)] == [0, 2]
    clock.now += 1000
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 2]


def test_a_token_that_is_given_back_can_be_taken_again() -> None:
    buckets = Buckets(0.5, 2, clock=Clock())
    for _ in range(10):
        assert buckets.take("a") == 0
        buckets.give_back("a")
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 2]


def test_buckets_are_kept_for_so_many_clients_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_CLIENTS", 3)
    buckets = Buckets(0.5, 1, clock=Clock())
    assert [buckets.take(key) for key in "abcd"] == [0, 0, 0, 0]
    assert [buckets.take(key) for key in "bcd"] == [2, 2, 2]
    assert buckets.take("a") == 0


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("unknown", "unknown"),
    ],
)
def test_a_client_is_an_address_or_a_network_of_ipv6(address: str, name: str) -> None:
    assert client({"client": (address, 1)}) == name


def test_a_client_nobody_names_is_one_client() -> None:
    assert client({"client": None}) == client({}) == ""


def test_a_client_that_asks_too_often_is_told_when_to_come_again() -> None:
    app = MeasuredRequests(Inner(), Buckets(0.1, 2, clock=Clock()))
    assert [ask(app).status for _ in range(3)] == [200, 200, 429]
    assert ask(app).header("retry-after") == "10"
    assert ask(app, "/assets/index.js").status == 200
    assert ask(app, client=("192.0.2.7", 1)).status == 200


def test_twenty_people_behind_one_address_are_not_too_often() -> None:
    clock = Clock()
    app = MeasuredRequests(Inner(), Buckets(limits.REQUESTS_PER_SECOND, limits.REQUESTS_AT_ONCE, clock=clock))
    for _ in range(60):
        assert {ask(app).status for _ in range(20 * 2)} == {
            200
        }  # each asks, and gets the answer, every second
        clock.now += 1


def test_a_client_may_have_so_many_requests_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_OPEN_PER_CLIENT", 2)
    monkeypatch.setattr(limits, "MOST_OPEN", 3)
    statuses: dict[str, list[int]] = {"a": [], "b": [], "c": []}

    async def run() -> None:
        gate = asyncio.Event()

        async def slow(scope: Message, receive: Receive, send: Send) -> None:
            await gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        app = MeasuredRequests(slow)

        async def ask_as(who: str) -> None:
            async def send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    statuses[who].append(message["status"])

            await app({"path": "/", "client": (who, 1)}, _never, send)

        asked = [asyncio.create_task(ask_as(who)) for who in "aaabc"]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*asked)
        await ask_as("a")

    finished(run())
    assert statuses == {"a": [429, 200, 200, 200], "b": [200], "c": [429]}


async def _never() -> Message:
    raise AssertionError


def test_a_long_body_is_refused_whatever_it_says_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BODY_BYTES", 10)
    inner = Inner()
    app = SmallBodies(inner)
    join = "/gradio_api/queue/join"
    for length in ("11", "-1", "1e1", "x", ""):
        assert ask(app, join, {"content-length": length}, method="POST").status == 413
    assert ask(app, join, {"content-length": "2"}, method="POST", body=[b"12345", b"678901"]).status == 413
    assert inner.scopes == []
    assert ask(app, join, method="POST", body=[b"12345", b"67890"]).status == 200
    assert ask(app, limits.UPLOAD, method="POST", body=b"x" * 50).status == 200
    assert inner.bodies == [b"1234567890", b"x" * 50]
    assert inner.scopes[0]["pincite.body"] == b"1234567890"
