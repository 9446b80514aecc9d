"""One visitor's session is kept from another's."""

import pytest

from pincite.ui.limits import SmallBodies
from pincite.ui.sessions import COOKIE, Owners, OwnSessionsOnly
from tests.ui.asking import Inner, ask, event

ANNA, BELA = {"cookie": f"{COOKIE}={'a' * 32}"}, {"cookie": f"{COOKIE}={'b' * 32}"}
JOIN = "/gradio_api/queue/join"


def guarded(owners: Owners | None = None) -> SmallBodies:
    return SmallBodies(OwnSessionsOnly(Inner(), owners))


def test_a_visitor_gets_a_cookie_that_no_script_reads() -> None:
    app = guarded()
    cookie = ask(app, "/").header("set-cookie") or ""
    assert cookie.startswith(f"{COOKIE}=")
    assert cookie.endswith("; HttpOnly; SameSite=Lax")
    assert (ask(app, "/config", scheme="https").header("set-cookie") or "").endswith("; Secure")
    assert ask(app, "/").header("set-cookie") != cookie
    assert ask(app, "/", {"cookie": cookie.split(";")[0]}).header("set-cookie") is None
    assert ask(app, "/", {"cookie": f"{COOKIE}=short"}).header("set-cookie") is not None
    assert ask(app, "/theme.css").header("set-cookie") is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", JOIN, event(session_hash="s1", data=[])),
        ("POST", JOIN, b'{"session_hash": "mine", "session_hash": "s1"}'),
        ("POST", JOIN, event(session_hash="s1").decode().encode("utf-16")),
        ("POST", "/gradio_api/cancel", event(session_hash="s1", fn_index=0, event_id="e")),
        ("POST", "/gradio_api/run/ask", event(session_hash="s1", data=[])),
        ("POST", "/gradio_api/call/ask", event(session_hash="s1", data=[])),
        ("GET", "/gradio_api/queue/data?session_hash=s1", b""),
        ("GET", "/gradio_api/queue/data?session_hash=%73%31", b""),
        ("GET", "/gradio_api/queue/data?session_hash=s1&session_hash=mine", b""),
        ("GET", "/gradio_api/heartbeat/s1", b""),
        ("GET", "/gradio_api/call/ask/s1", b""),
        ("GET", "/gradio_api/call/v2/ask/s1/", b""),
        ("GET", "/gradio_api/upload_progress?upload_id=s1", b""),
    ],
)
def test_a_session_is_its_first_visitors(method: str, path: str, body: bytes) -> None:
    app = guarded()
    assert ask(app, JOIN, ANNA, method="POST", body=event(session_hash="s1")).status == 200
    for somebody in (BELA, {}):
        assert ask(app, path, somebody, method=method, body=body).status == 403
    assert ask(app, path, ANNA, method=method, body=body).status == 200


def test_a_program_without_a_cookie_has_its_sessions_too() -> None:
    app = guarded()
    assert ask(app, JOIN, method="POST", body=event(session_hash="s1")).status == 200
    assert ask(app, "/gradio_api/queue/data?session_hash=s1").status == 200
    assert ask(app, "/gradio_api/queue/data?session_hash=s1", BELA).status == 403
    assert ask(app, "/gradio_api/call/ask", method="POST", body=event(data=[])).status == 200


@pytest.mark.parametrize("session", ["", "../x", "a" * 65, 7, ["s1"], {"a": 1}, "s1\x00"])
def test_what_is_no_session_is_refused(session: object) -> None:
    assert ask(guarded(), JOIN, ANNA, method="POST", body=event(session_hash=session)).status == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"s1"', b"[" * 100_000, event(session_hash=None)])
def test_a_body_that_names_no_session_passes(body: bytes) -> None:
    assert ask(guarded(), JOIN, ANNA, method="POST", body=body).status == 200


def test_the_sessions_that_are_remembered_are_so_many() -> None:
    owners = Owners(most=2)
    assert [owners.claim(session, "a") for session in ("s1", "s2", "s1", "s3")] == [True] * 4
    assert not owners.claim("s1", "b")
    assert owners.claim("s2", "b")
