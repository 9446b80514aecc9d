"""Who may ask the page for what: hosts, origins, routes."""

import socket

import pytest

from pincite.ui.guards import KnownHostsOnly, Names, NeededRoutesOnly, SameOriginOnly, is_loopback, is_needed
from tests.ui.asking import Inner, ask

HERE = Names.of("127.0.0.1")
ANYWHERE = Names.of("0.0.0.0", ["docs.example.org"])
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    "host", "127.0.0.1 127.0.0.1:7860 LocalHost:7860 localhost. [::1] [::1]:7860 [0:0:0::1]:1".split()
)
def test_a_page_on_loopback_answers_to_loopbacks_names(host: str) -> None:
    assert HERE.has(host)


@pytest.mark.parametrize(
    "host",
    [
        *("rebound.example", "127.0.0.1.rebound.example", "192.168.1.5:7860", "[::2]", "localhost.example"),
        *(
            "",
            ":7860",
            "127.0.0.1:",
            "127.0.0.1:7860:1",
            "a@127.0.0.1",
            "127.0.0.1/x",
            "2130706433",
            "0x7f.1",
        ),
        *("[127.0.0.1]", "[::1", "::1", "localhost localhost", "localhost\x00", "ⅼocalhost"),
    ],
)
def test_a_page_on_loopback_answers_to_nothing_else(host: str) -> None:
    assert not HERE.has(host)


@pytest.mark.parametrize(
    "host", ["192.168.1.5:7860", "[fd00::2]:7860", "localhost", "DOCS.example.org.", socket.gethostname()]
)
def test_a_page_for_others_answers_to_addresses_and_to_its_own_names(host: str) -> None:
    assert ANYWHERE.has(host)


@pytest.mark.parametrize("host", ["rebound.example", "example.org", "docs.example.org.evil.example", ""])
def test_a_page_for_others_answers_to_no_name_that_somebody_else_owns(host: str) -> None:
    assert not ANYWHERE.has(host)


@pytest.mark.parametrize("name", ["docs.example.org:443", "https://docs.example.org", "", "a b", "*"])
def test_a_name_for_a_proxy_is_a_host_name(name: str) -> None:
    with pytest.raises(ValueError, match="--allow-host takes a host name without a port"):
        Names.of("127.0.0.1", [name])


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "LOCALHOST")],
        *[
            (host, False)
            for host in ("0.0.0.0", "::", "192.168.1.5", "fd00::2", "myself", "localhost.example")
        ],
    ],
)
def test_loopback_is_known_by_its_address(host: str, is_local: bool) -> None:
    assert is_loopback(host) == is_local


@pytest.mark.parametrize("host", ["::1", "[::1]", "fd00::2"])
def test_a_page_on_an_address_of_ipv6_answers_to_it(host: str) -> None:
    assert Names.of(host).has(f"[{host.strip('[]')}]:7860")


def test_a_strange_host_is_refused_and_never_gets_through() -> None:
    inner = Inner()
    guard = KnownHostsOnly(inner, HERE)
    assert ask(guard, headers={"host": "rebound.example"}).status == 400
    assert ask(guard, headers={"x-forwarded-host": "127.0.0.1, rebound.example"}).status == 400
    assert ask(guard, headers={"Host": "localhost"}).status == 400  # a second one
    assert inner.scopes == []
    assert ask(guard, headers={"x-gradio-server": "http://rebound.example"}).status == 200
    assert inner.scopes[0]["headers"] == [(b"host", b"127.0.0.1:7860")]


def test_a_websocket_is_closed() -> None:
    inner = Inner()
    assert ask(KnownHostsOnly(inner, HERE), type="websocket").status is None
    assert inner.scopes == []


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "https://rebound.example",
            "null",
            "http://127.0.0.1:3000",
            "http://localhost:7860",
            "http://127.0.0.1",
        ),
        *("", "http://127.0.0.1:7860.rebound.example", "file://", "http://127.0.0.1:7860/", "127.0.0.1:7860"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_may_ask_nothing(origin: str, method: str) -> None:
    inner = Inner()
    reply = ask(SameOriginOnly(inner, HERE), "/gradio_api/upload", {"origin": origin}, method=method)
    assert (reply.status, inner.scopes) == (403, [])


def test_the_page_itself_and_programs_may_ask() -> None:
    guard = SameOriginOnly(Inner(), HERE)
    for headers in (
        {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"},
        {"origin": "HTTP://[::1]:7860", "host": "[::1]:7860"},
        {"origin": "http://localhost", "host": "LOCALHOST:80"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "same-origin"},
        {},
    ):
        assert ask(guard, "/gradio_api/queue/join", headers, method="POST").status == 200


def test_a_proxy_that_keeps_or_names_the_host_serves_its_own_origin() -> None:
    guard = SameOriginOnly(Inner(), ANYWHERE)
    origin = {"origin": "https://docs.example.org"}
    assert ask(guard, headers={**origin, "host": "docs.example.org"}).status == 200
    assert ask(guard, headers={**origin, "x-forwarded-host": "docs.example.org"}).status == 200
    assert ask(guard, headers=origin).status == 200
    assert ask(guard, headers={"origin": "https://docs.example.org.evil.example"}).status == 403


def test_a_link_to_the_page_is_followed_from_anywhere_and_nothing_else_is() -> None:
    guard = SameOriginOnly(Inner(), HERE)
    assert ask(guard, "/?q=why", LINK).status == 200
    assert ask(guard, "/?q=why", {**LINK, "sec-fetch-site": "same-site"}).status == 200
    for path, headers in (
        ("/", {**LINK, "sec-fetch-dest": "iframe"}),
        ("/", {**LINK, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
        ("/", {"sec-fetch-site": "same-site"}),
        ("/logout", LINK),
        ("/config", LINK),
    ):
        assert ask(guard, path, headers).status == 403
    assert ask(guard, "/", LINK, method="POST").status == 403


@pytest.mark.parametrize(
    ("method", "paths"),
    [
        (
            "GET",
            "/ /config /config/ /theme.css /favicon.ico /logout /assets/index-Dph_1.js /static/img/logo.svg",
        ),
        (
            "GET",
            "/gradio_api/info /gradio_api/queue/data /gradio_api/heartbeat/a1 /gradio_api/upload_progress",
        ),
        (
            "GET",
            "/gradio_api/call/ask/0f3a /gradio_api/call/v2/ask/0f3a /gradio_api/mcp/ /gradio_api/mcp/sse",
        ),
        ("GET", "/static/fonts/Inter/Inter-Bold.woff2 /gradio_api/app_id /gradio_api/mcp/schema"),
        ("POST", "/login /gradio_api/upload /gradio_api/queue/join /gradio_api/cancel /gradio_api/reset"),
        ("POST", "/gradio_api/run/ask /gradio_api/call/ask /gradio_api/mcp /gradio_api/mcp/messages/"),
        ("DELETE", "/gradio_api/mcp/"),
        ("HEAD", "/"),
    ],
)
def test_what_the_page_and_programs_use_is_there(method: str, paths: str) -> None:
    assert [path for path in paths.split() if not is_needed(method, path)] == []


@pytest.mark.parametrize(
    ("method", "paths"),
    [
        (
            "GET",
            "/gradio_api/file=/etc/passwd /gradio_api/file/etc/passwd /gradio_api/proxy=http://a.example",
        ),
        ("GET", "/monitoring /monitoring/summary /gradio_api/dev/reload /gradio_api/deep_link /robots.txt"),
        (
            "GET",
            "/gradio_api/stream/a/b/1/playlist-file /gradio_api/custom_component/a/client/b/c /svelte/a.js",
        ),
        ("GET", "/pwa_icon /manifest.json /gradio_api/token /gradio_api/user /docs /gradio_api/queue/status"),
        ("GET", "/gradio_api/runs /gradio_api/run-history/buckets // /config// /docs /redoc /openapi.json"),
        ("GET", "/assets/../x /assets/.. /static//etc/passwd /assets/a\\..\\b /assets/%2e%2e/x /assets/.env"),
        (
            "GET",
            "/assets/a\x00.js /assets/a.js\n /gradio_api/heartbeat/a/b /gradio_api/heartbeat/.. /assets/",
        ),
        ("POST", "/ /config /gradio_api/component_server /gradio_api/process_recording /gradio_api/api/ask"),
        ("POST", "/gradio_api/vibe-edit/ /gradio_api/stream/a /gradio_api/run-history/connect"),
        ("PUT", "/ /gradio_api/upload"),
        ("OPTIONS", "/ /gradio_api/upload"),
        ("DELETE", "/ /gradio_api/upload"),
        ("get", "/"),
    ],
)
def test_everything_else_is_not_found(method: str, paths: str) -> None:
    assert [path for path in paths.split(" ") if is_needed(method, path)] == []


def test_a_route_that_nobody_needs_does_not_reach_gradio() -> None:
    inner = Inner()
    guard = NeededRoutesOnly(inner)
    assert ask(guard, "/gradio_api/file=/etc/passwd").status == 404
    assert ask(guard, "/gradio_api/file=/etc/passwd").status == 404
    assert ask(guard, "/?deep_link=a").status == ask(guard, "/config?page=x").status == 404
    assert inner.scopes == []
    assert ask(guard, "/config?page=").body == ask(guard, "/?q=why&__theme=dark").body == b"inside"
