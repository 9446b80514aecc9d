"""Who may use the page: accounts, logins, and the refusal to start without."""

import base64
from pathlib import Path
from types import SimpleNamespace

import pytest

from pincite.ui.access import LOCAL, Access, LoginOnly
from pincite.ui.limits import Buckets
from tests.conftest import Run
from tests.ui.asking import Inner, ask

ACCOUNTS = (("anna", "pass:word"), ("béla", "日本"))


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def guarded(inner: Inner | None = None, burst: int = 20) -> LoginOnly:
    gradio = SimpleNamespace(tokens={"t1": "anna"}, cookie_id="id")
    return LoginOnly(inner or Inner(), gradio, ACCOUNTS, Buckets(0.2, burst, clock=lambda: 0.0))


def test_accounts_are_users_with_passwords() -> None:
    access = Access.of(["anna:pass:word", " béla :日本"], host_names=["docs.example.org"])
    assert access == Access(ACCOUNTS, is_open=False, host_names=("docs.example.org",))


@pytest.mark.parametrize("text", ["", "anna", "anna:", ":word", " :word"])
def test_an_account_lacks_neither_half(text: str) -> None:
    with pytest.raises(ValueError, match="an account is written USER:PASSWORD"):
        Access.of(["béla:日本", text])


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="--auth and --no-auth exclude each other"):
        Access.of(["anna:word"], is_open=True)
    with pytest.raises(ValueError, match="one PASSWORD"):
        Access.of(["anna:word", "anna:other"])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "[fd00::2]", "myself", ""])
def test_what_others_can_reach_needs_accounts_or_a_word(host: str) -> None:
    with pytest.raises(ValueError, match=r"--auth USER:PASSWORD .* --no-auth"):
        LOCAL.names(host)
    assert Access.of(["anna:word"]).names(host or "0.0.0.0").takes_addresses
    assert Access.of([], is_open=True).names(host or "0.0.0.0").takes_addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_no_account(host: str) -> None:
    assert not LOCAL.names(host).takes_addresses


def test_a_proxys_name_on_loopback_needs_accounts_too() -> None:
    with pytest.raises(ValueError, match=r"others could reach 127.0.0.1, docs.example.org: .*--no-auth"):
        Access.of([], host_names=["docs.example.org"]).names("127.0.0.1")
    for access in (Access.of(["anna:word"], host_names=["b.example"]), Access((), True, ("b.example",))):
        assert access.names("127.0.0.1").has("b.example")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "0.0.0.0"],
        ["--host", "0.0.0.0", "--auth", "anna:word", "--no-auth"],
        ["--auth", "anna"],
        ["--allow-host", "a b"],
    ],
)
def test_a_page_that_may_not_start_is_one_line_and_makes_no_corpus(
    pincite: Run, tmp_path: Path, arguments: list[str]
) -> None:
    ended = pincite("ui", *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("accounts", "line"),
    [("anna:word bela", "an account is written USER:PASSWORD"), ("anna:a bela:b", "exclude each other")],
)
def test_accounts_are_read_from_the_environment(
    pincite: Run, monkeypatch: pytest.MonkeyPatch, accounts: str, line: str
) -> None:
    monkeypatch.setenv("PINCITE_AUTH", accounts)
    ended = pincite("ui", "--no-auth")
    assert (ended.returncode, line in ended.stderr) == (2, True)


@pytest.mark.parametrize(
    "path",
    [
        *("/config", "/logout", "/gradio_api/upload", "/gradio_api/info", "/gradio_api/heartbeat/a"),
        *("/gradio_api/mcp/", "/gradio_api/queue/data", "/gradio_api/cancel", "/loginx", "/x/assets/y"),
    ],
)
@pytest.mark.parametrize(
    "cookie", ["", "access-token-id=t2", "access-token-other=t1", "t1", "access-token-id="]
)
def test_without_a_login_there_is_nothing_but_the_login_page(path: str, cookie: str) -> None:
    inner = Inner()
    reply = ask(guarded(inner), path, {"cookie": cookie})
    assert (reply.status, reply.reason, inner.scopes) == (401, "log in first", [])


@pytest.mark.parametrize(
    "path", ["/", "/assets/index.js", "/static/img/logo.svg", "/theme.css", "/favicon.ico"]
)
def test_the_login_page_is_there_for_everybody(path: str) -> None:
    assert ask(guarded(), path).status == 200


@pytest.mark.parametrize("cookie", ["access-token-id=t1", "a=b; access-token-unsecure-id=t1"])
def test_a_login_opens_everything(cookie: str) -> None:
    assert ask(guarded(), "/gradio_api/upload", {"cookie": cookie}, method="POST").status == 200


@pytest.mark.parametrize(("user", "password"), ACCOUNTS)
def test_a_program_may_send_its_account(user: str, password: str) -> None:
    inner = Inner()
    app = guarded(inner)
    assert ask(app, "/config", {**basic(user, password), "cookie": "a=b"}).status == 200
    [cookie] = [value for name, value in inner.scopes[0]["headers"] if name == b"cookie"]
    assert cookie.startswith(b"a=b; access-token-unsecure-id=")
    assert ask(app, "/config", {"cookie": cookie.decode()}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        *(
            basic("anna", "wrong"),
            basic("anna", ""),
            basic("nobody", ""),
            basic("", ""),
            basic("anna", "日本"),
        ),
        *({"authorization": "Basic ???"}, {"authorization": "Basic "}, {"authorization": "Basic /////w=="}),
        {"authorization": "Bearer t1"},
    ],
)
def test_a_wrong_account_is_refused(headers: dict[str, str]) -> None:
    assert ask(guarded(), "/config", headers).status == 401


def test_passwords_cannot_be_guessed_quickly() -> None:
    app = guarded(burst=3)
    assert [ask(app, "/config", basic("anna", "word")).status for _ in range(4)] == [401, 401, 401, 429]
    assert ask(app, "/config", basic("anna", "pass:word")).status == 429
    assert ask(app, "/login", method="POST").header("retry-after") == "5"
    assert ask(app, "/config", {"cookie": "access-token-id=t1"}).status == 200
    assert ask(app, "/config", basic("anna", "pass:word"), client=("192.0.2.7", 1)).status == 200


def test_only_failed_logins_are_counted() -> None:
    app = guarded(burst=3)
    assert {ask(app, "/config", basic("anna", "pass:word")).status for _ in range(9)} == {200}
    assert {ask(app, "/login", method="POST").status for _ in range(9)} == {200}
    failing = guarded(Inner(status=400), burst=3)
    assert [ask(failing, "/login", method="POST").status for _ in range(4)] == [400, 400, 400, 429]


def test_a_login_cookie_goes_with_no_other_sites_requests() -> None:
    given = {"set-cookie": "access-token-id=t; HttpOnly; Path=/; SameSite=none; Secure", "a": "SameSite=none"}
    reply = ask(guarded(Inner(headers=given)), "/login", method="POST")
    assert reply.header("set-cookie") == "access-token-id=t; HttpOnly; Path=/; Secure; SameSite=Lax"
    assert reply.header("a") == "SameSite=none"
    other = ask(guarded(Inner(headers={"set-cookie": "b=c; SameSite=none"})), "/login", method="POST")
    assert other.header("set-cookie") == "b=c; SameSite=none"
