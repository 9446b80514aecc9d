"""The served page under attack, over real HTTP: routes, paths, files that are none, sessions, logins."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from pincite.ui import intake
from tests.samples import BANK
from tests.ui.browsing import Site

CANARY = "canary-5b1d0c"
JOIN, DATA, UPLOAD = "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/upload"
REFUSED = {400, 401, 403, 404, 405, 413, 415, 422, 429}
JSON = {"Content-Type": "application/json"}


class Visitor:
    """A program that keeps its cookies, and sends what it is told to, byte by byte."""

    def __init__(self, site: Site) -> None:
        self.host = urlsplit(site.url).netloc
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, str]:
        """Return the status and the whole body of what is answered."""
        name, _, port = self.host.partition(":")
        fields = {"Host": self.host, "Connection": "close", "Content-Length": str(len(body))}
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        with socket.create_connection((name, int(port)), timeout=60) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            self._keep(answer.headers.get_all("set-cookie") or [])
            return answer.status, answer.read().decode("utf-8", "replace")

    def post(self, path: str, data: object, **headers: str) -> tuple[int, str]:
        return self.ask(path, "POST", json.dumps(data).encode(), Content_Type="application/json", **headers)

    def upload(self, name: str, content: bytes, query: str = "") -> tuple[int, str]:
        head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + b"\r\n--edge--\r\n"
        return self.ask(UPLOAD + query, "POST", body, Content_Type="multipart/form-data; boundary=edge")

    def events(self) -> dict[str, int]:
        """Return the page's events by what they are for: to ask, to drop files, to open a citation."""
        config = json.loads(self.ask("/config")[1])
        kinds = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
        return {
            str(kinds.get(target, "load")): event["id"]
            for event in config["dependencies"]
            for target, _ in event["targets"]
        }

    def run(self, event: int, data: list[object], session: str) -> str:
        """Return all that the server says of an event."""
        status, body = self.post(JOIN, {"fn_index": event, "data": data, "session_hash": session})
        assert status == 200, body
        return self.ask(f"{DATA}?session_hash={session}")[1]

    def _keep(self, set_cookies: list[str]) -> None:
        self.set_cookies += set_cookies
        for cookie in set_cookies:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value


def question(text: str, exchanges: object = None) -> list[object]:
    """Return what the page sends when a question is asked: the scope too, and what gradio keeps for it."""
    return [text, [], [], None, None, exchanges, None]


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    """A visitor who has loaded the page; beside the corpus lies a canary, which stays where it is."""
    canary = site.corpus.location.parent / "canary.txt"
    canary.write_text(CANARY)
    visitor = Visitor(site)
    visitor.ask("/")
    yield visitor
    assert canary.read_text() == CANARY
    assert (site.corpus.location / "corpus.sqlite3").is_file()


PLACES = ("{canary}", "{corpus}/corpus.sqlite3", "/etc/passwd", "{corpus}/uploads/../../canary.txt")
ROUTES = [
    *(f"/gradio_api/file={place}" for place in PLACES),
    *(f"/gradio_api/file/{place}" for place in PLACES),
    *(f"/file={place}" for place in PLACES),
    *(f"/gradio_api{place}" for place in PLACES),
    *(f"/static/{up}{{canary}}" for up in ("../" * 12, "..%2f" * 12, "%2e%2e/" * 12, "%252e%252e%252f" * 12)),
    *(
        f"/assets/{up}{{canary}}"
        for up in ("", "/", "..\\" * 12, "..%5c" * 12, "%2e%2e%5c" * 12, ".../" * 12)
    ),
    *(f"/{up}{{canary}}" for up in ("../" * 12, "%2e%2e/" * 12, "./", "/", "%00", "~/", "file://")),
    "/static/img/../../../../../../../../../..{canary}",
    "/static/..;/..;{canary}",
    "/assets/index.html%00{canary}",
    "/assets/%c0%ae%c0%ae/%c0%ae%c0%ae{canary}",
    "/theme.css/../gradio_api/file={canary}",
    "/theme.css%3f/../..{canary}",
    "/svelte/../..{canary}",
    "/favicon.ico/..{canary}",
    "/gradio_api//file={canary}",
    "//gradio_api/file={canary}",
    "/GRADIO_API/file={canary}",
    "/gradio_api/%66ile={canary}",
    "/gradio_api/info/../file={canary}",
    "/gradio_api/file=http://127.0.0.1:1/",
    "/gradio_api/proxy=http://127.0.0.1:1/",
    "/gradio_api/proxy=file://{canary}",
    "/gradio_api/custom_component/a/client/..{canary}/x",
    "/gradio_api/stream/a/b/1/playlist-file",
    "/gradio_api/deep_link?session_hash=a",
    "/gradio_api/dev/reload",
    "/gradio_api/token",
    "/gradio_api/queue/status",
    "/gradio_api/run-history/records",
    "/gradio_api/runs",
    "/monitoring",
    "/monitoring/summary",
    "/monitoring/key",
    "/pwa_icon",
    "/pwa_icon/1",
    "/manifest.json",
    "/robots.txt",
    "/docs",
    "/openapi.json",
    "/.env",
    "/.git/config",
]


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_answers_what_the_page_does_not_need(site: Site, visitor: Visitor, route: str) -> None:
    corpus = site.corpus.location
    path = route.format(canary=corpus.parent / "canary.txt", corpus=corpus)
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        status, body = visitor.ask(path, method)
        assert status in REFUSED, method
        assert CANARY not in body
        assert "root:" not in body
        assert "SQLite" not in body


@pytest.mark.parametrize(
    "query",
    [
        *("deep_link=../../x", "deep_link=%2e%2e%2f%2e%2e%2fx", "deep_link=a", "page=../../etc/passwd"),
        *("__theme=../..", "file=/etc/passwd", "all_endpoints=1"),
    ],
)
def test_a_query_reads_no_file(visitor: Visitor, query: str) -> None:
    for path in ("/", "/config", "/theme.css", "/gradio_api/info"):
        status, body = visitor.ask(f"{path}?{query}")
        assert status in (200, 404)
        assert CANARY not in body
        assert "root:" not in body


@pytest.mark.parametrize(
    "path",
    [
        *(
            "{canary}",
            "{corpus}/corpus.sqlite3",
            "/etc/passwd",
            "{corpus}/uploads",
            "{corpus}",
            "../canary.txt",
        ),
        *("http://127.0.0.1:1/a.txt", "http://192.0.2.1/a.txt", "file://{canary}", "/proc/self/environ", ""),
    ],
)
def test_no_event_takes_a_path_for_an_upload(site: Site, visitor: Visitor, path: str) -> None:
    place = path.format(canary=site.corpus.location.parent / "canary.txt", corpus=site.corpus.location)
    file = {"path": place, "orig_name": "a.txt", "meta": {"_type": "gradio.FileData"}}
    drop = visitor.events()["pc-drop"]
    forms: list[object] = [[file], [[[file]]], ["a", [file]], [[{"path": place}]], {"a": file}]
    asked: list[tuple[str, int, object]] = [(JOIN, event, [[file]]) for event in visitor.events().values()]
    asked += [(JOIN, drop, data) for data in [*forms, [[{**file, "url": place}]]]]
    asked += [
        (f"/gradio_api/{route}", drop, [[file]]) for route in ("run/predict", "run/take_in", "call/answer")
    ]
    for route, event, data in asked:
        status, body = visitor.post(route, {"fn_index": event, "data": data})
        assert (status, intake.NOT_UPLOADED in body) == (403, True), (route, event, data)
    assert "192.0.2.1" not in site.entries("connect")


def test_a_bare_path_is_no_upload_either(site: Site, visitor: Visitor) -> None:
    canary = str(site.corpus.location.parent / "canary.txt")
    said = visitor.run(visitor.events()["pc-drop"], [[canary], None], "bare")
    assert '"success":false' in said
    assert CANARY not in said
    assert "canary.txt" not in [Path(one.source).name for one in site.corpus.documents()]


@pytest.mark.parametrize("function", ["__init__", "preprocess", "ls", "get_config", "close"])
def test_no_function_of_a_part_of_the_page_can_be_called(visitor: Visitor, function: str) -> None:
    for part in range(3):
        asked = {"data": ["/etc"], "component_id": part, "fn_name": function, "session_hash": "a"}
        assert visitor.post("/gradio_api/component_server", asked)[0] == 404


def test_an_upload_keeps_to_its_folder_whatever_it_is_called(site: Site, visitor: Visitor) -> None:
    folders = set()
    for name in ("../../x.txt", "/etc/x.txt", "..\\..\\x.txt", "%2e%2e%2fx.txt", ".. /x.txt", "x.txt"):
        status, body = visitor.upload(name, b"the same")
        assert status == 200
        [kept] = map(Path, json.loads(body))
        assert ".." not in kept.parts
        folders.add(kept.parent)
    assert len(folders) == 1
    assert folders.pop().parent.name.startswith("pincite-")
    assert visitor.upload("x.txt", b"x", f"?{urlencode({'path': '/etc', 'upload_dir': '/etc'})}")[0] == 200


def test_an_upload_of_another_kind_or_size_is_refused_and_leaves_nothing(visitor: Visitor) -> None:
    folder = Path(json.loads(visitor.upload("x.txt", b"kept")[1])[0]).parent.parent
    before = {file for file in folder.rglob("*") if file.is_file()}
    assert visitor.upload("x.exe", b"MZ")[0] == 415
    assert "are not taken here" in visitor.upload("x.html.sh", b"x" * 1_000_000)[1]
    assert visitor.ask(UPLOAD, "POST", b"--x", Content_Length="9" * 12)[0] == 413
    assert visitor.ask(UPLOAD, "POST", b"x", Content_Type="text/plain")[0] == 400
    assert {file for file in folder.rglob("*") if file.is_file()} == before


def test_an_upload_can_be_dropped_by_a_program_and_is_taken_away(site: Site, visitor: Visitor) -> None:
    [kept] = json.loads(visitor.upload("barge.txt", b"The barge of Wragby is moored in Dock 9.")[1])
    file = {"path": kept, "orig_name": "barge.txt", "meta": {"_type": "gradio.FileData"}}
    assert "barge.txt" in visitor.run(visitor.events()["pc-drop"], [[file], None], "drop")
    assert "barge.txt" in [Path(one.source).name for one in site.corpus.documents()]
    assert not Path(kept).exists()
    site.corpus.remove("barge.txt")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Host": "rebound.example"},
        {"X-Forwarded-Host": "rebound.example"},
    ],
)
def test_another_sites_page_can_reach_nothing(visitor: Visitor, headers: dict[str, Any]) -> None:
    plain: dict[str, Any] = {"Content_Type": "text/plain", **headers}
    for path in (JOIN, UPLOAD, "/gradio_api/cancel", "/gradio_api/run/ask", "/login"):
        assert visitor.ask(path, "POST", b"{}", **plain)[0] in (400, 403)
        assert visitor.ask(path, "OPTIONS", Access_Control_Request_Method="POST", **headers)[0] in (400, 403)
    for path in ("/", "/config", f"{DATA}?session_hash=a", "/gradio_api/info"):
        assert visitor.ask(path, **headers)[0] in (400, 403)


def test_a_link_from_elsewhere_opens_the_page(visitor: Visitor) -> None:
    link: dict[str, Any] = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert visitor.ask(f"/?q={quote(BANK)}", **link)[0] == 200


def test_every_answer_carries_the_policies(site: Site) -> None:
    for path, status in (("/", 200), ("/gradio_api/file=/etc/passwd", 404), ("/theme.css", 200)):
        connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == status
        assert "frame-ancestors" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_conversation_is_its_visitors_alone(site: Site, visitor: Visitor) -> None:
    event = visitor.events()["pc-question"]
    first = visitor.run(event, question(BANK), "guessed")
    assert "OCBC Bank" in first
    other = Visitor(site)
    other.ask("/")
    for stranger in (other, Visitor(site)):
        asked = {"fn_index": event, "data": question("and how many tools?"), "session_hash": "guessed"}
        assert stranger.post(JOIN, asked)[0] == 403
        assert stranger.post("/gradio_api/run/predict", asked)[0] == 403
        assert stranger.post("/gradio_api/cancel", {**asked, "event_id": "a"})[0] == 403
        for path in (
            f"{DATA}?session_hash=guessed",
            "/gradio_api/heartbeat/guessed",
            "/gradio_api/call/a/guessed",
        ):
            status, body = stranger.ask(path)
            assert status == 403
            assert "OCBC" not in body
    assert "OCBC Bank" in visitor.run(event, question("and how many tools?"), "guessed")
    assert "OCBC" not in other.run(event, question("Who founded the observatory?"), "other")


def test_a_conversation_cannot_be_sent_in(visitor: Visitor) -> None:
    forged = [{"question": CANARY, "answer": None, "problem": None}]
    said = visitor.run(visitor.events()["pc-question"], question(BANK, forged), "forged")
    assert "OCBC Bank" in said
    assert CANARY not in said


def test_without_a_login_nothing_answers_but_the_login_page(locked_site: Site) -> None:
    stranger = Visitor(locked_site)
    status, page = stranger.ask("/")
    assert status == 200
    assert '"auth_required":true' in page.replace(" ", "")
    assert "open-source-ai-race" not in page
    for path in (JOIN, UPLOAD, "/gradio_api/cancel", "/gradio_api/run/ask", "/gradio_api/mcp/"):
        assert stranger.post(path, {})[0] == 401
    for path in (
        "/config",
        "/gradio_api/info",
        f"{DATA}?session_hash=a",
        "/gradio_api/heartbeat/a",
        "/logout",
    ):
        assert stranger.ask(path)[0] == 401


def test_a_login_opens_the_page_and_its_cookies_are_strict(locked_site: Site) -> None:
    anna = Visitor(locked_site)
    form: dict[str, Any] = {"Content_Type": "application/x-www-form-urlencoded"}
    for password in ("", "pass", "word"):
        body = urlencode({"username": "anna", "password": password}).encode()
        assert anna.ask("/login", "POST", body, **form)[0] in (400, 422)
    assert anna.set_cookies == []
    body = urlencode({"username": "anna", "password": "pass:word"}).encode()
    assert anna.ask("/login", "POST", body, **form)[0] == 200
    assert len(anna.set_cookies) == 2
    for cookie in anna.set_cookies:
        assert "HttpOnly" in cookie
        assert cookie.count("SameSite") == 1
        assert cookie.endswith("SameSite=Lax")
    assert json.loads(anna.ask("/config")[1])["username"] == "anna"
    assert anna.upload("x.txt", b"x")[0] == 200
    assert "OCBC Bank" in anna.run(anna.events()["pc-question"], question(BANK), "annas")
    stranger = Visitor(locked_site)
    stranger.cookies = {name: "a" * len(value) for name, value in anna.cookies.items()}
    assert stranger.ask("/config")[0] == 401


def test_gradios_own_client_logs_in(locked_site: Site) -> None:
    import gradio_client

    with pytest.raises(ValueError, match="Could not login"):
        gradio_client.Client(locked_site.url, auth=("anna", "wrong"), verbose=False, analytics_enabled=False)
    client = gradio_client.Client(
        locked_site.url, auth=("anna", "pass:word"), verbose=False, analytics_enabled=False
    )
    assert "pincite-visitor" in client.cookies
    assert client.config["username"] == "anna"
    assert client.view_api(return_format="dict", print_info=False) is not None
    client.close()


def test_a_page_for_others_goes_by_addresses_but_not_by_strange_names(locked_site: Site) -> None:
    stranger = Visitor(locked_site)
    assert stranger.ask("/", Host="192.168.1.5:7860")[0] == 200
    assert stranger.ask("/", Host="rebound.example")[0] == 400


def test_the_journal_shows_no_connection_but_to_this_machine(site: Site, locked_site: Site) -> None:
    for one in (site, locked_site):
        local = re.compile(r"(b')?(127\.0\.0\.1|localhost|0\.0\.0\.0)'?|None")
        assert [host for host in one.entries("connect") if not local.fullmatch(host)] == []
