"""The doors for programs, through the clients that programs use: gradio's, plain HTTP, and MCP's."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamable_http_client

import pincite
from pincite.answers import Turn
from pincite.ui import endpoints, intake, printing
from tests.conftest import ROOT, SEEDS
from tests.ui.asking import finished
from tests.ui.browsing import Site

BANK = "which bank built 30 internal tools?"
FILE = {"_type": "gradio.FileData"}
DOC = (ROOT / "docs" / "programs.md").read_text("utf-8")
DEFAULTS: dict[str, list[Any]] = {"ask": [8, None, None, None], "search": [10, None], "add": [None, None]}
HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE documents; --",
    "{{7*7}} ${7*7} %s %n {0}",
    "../../../../etc/passwd",
    "\u202egnp.exe\u2066",
    "\x00\x1b[2J\x07",
    "🦜" * 900,
    '{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}',
    'NEAR/2 OR * AND ("',
]
T = TypeVar("T")


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[Client]:
    client = Client(site.url, verbose=False)
    yield client
    client.close()


def run(site: Site, name: str, *arguments: Any) -> Any:
    """Call an endpoint over HTTP; return its result, or ``{"error": …}``."""
    body = json.dumps({"data": [*arguments, *DEFAULTS[name][max(len(arguments) - 1, 0) :]]}).encode()
    try:
        with urllib.request.urlopen(_request(f"{site.url}gradio_api/run/{name}", body), timeout=60) as reply:
            return json.load(reply)["data"][0]
    except urllib.error.HTTPError as error:
        with error:
            told = json.load(error)
        return {"error": told.get("error") or told["detail"]}


def over_mcp(site: Site, work: Callable[[ClientSession], Awaitable[T]]) -> T:
    async def session() -> T:
        async with connected(site.url) as session:
            return await work(session)

    return finished(session())


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[ClientSession]:
    async with (
        streamable_http_client(f"{url}gradio_api/mcp/") as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        yield session


def call_tool(site: Site, name: str, **arguments: Any) -> tuple[bool, str]:
    """Call an MCP tool; return whether it failed, and its one text."""
    result = over_mcp(site, lambda session: session.call_tool(name, arguments))
    [content] = result.content
    return result.isError, content.text  # type: ignore[union-attr]


def without_seconds(answer: dict[str, Any]) -> Any:
    """Return an answer as JSON has it, without what differs from run to run."""
    return json.loads(json.dumps({**answer, "seconds": 0}))


def test_there_are_three_documented_endpoints_and_no_more(site: Site) -> None:
    with urllib.request.urlopen(f"{site.url}gradio_api/info") as reply:
        info = json.load(reply)
    assert info["unnamed_endpoints"] == {}
    assert {
        name: {one["parameter_name"]: one["python_type"]["type"] for one in endpoint["parameters"]}
        for name, endpoint in info["named_endpoints"].items()
    } == {
        "/ask": {
            "question": "str",
            "top_k": "int",
            "where": "None | dict(str, Any)",
            "history": "None | list[dict(question: str, text: str)]",
            "min_confidence": "None | float",
        },
        "/search": {"query": "str", "top_k": "int", "where": "None | dict(str, Any)"},
        "/add": {
            "text": "None | str",
            "source": "None | str",
            "file": "None | dict(path: str, meta: dict(str, Any))",
        },
    }
    assert all(endpoint["description"] for endpoint in info["named_endpoints"].values())


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ({"question": BANK}, {}),
        ({"question": BANK, "top_k": 2, "where": {"source": ["tidal-mill.md"]}}, {}),
        ({"question": BANK, "min_confidence": 1.0}, {}),
        ({"question": "How tall is the Eiffel Tower?"}, {}),
        (
            {
                "question": "and in which country is it?",
                "history": [{"question": BANK, "text": "Singapore's OCBC Bank"}],
            },
            {"history": [Turn(BANK, "Singapore's OCBC Bank")]},
        ),
    ],
)
def test_asking_through_each_door_is_asking(
    site: Site, client: Client, arguments: dict[str, Any], options: dict[str, Any]
) -> None:
    direct = pincite.ask(**{**arguments, **options}, corpus=site.corpus).to_dict()
    failed, text = call_tool(site, "ask", **arguments)
    assert not failed
    for answer in (client.predict(**arguments, api_name="/ask"), json.loads(text)):
        assert without_seconds(answer) == without_seconds(direct)
        for citation in answer["citations"]:
            document = site.corpus.text(citation["document_id"])
            assert document[citation["start"] : citation["end"]] == citation["quote"]


def test_what_is_answered_and_what_is_not(client: Client) -> None:
    assert client.predict(BANK, api_name="/ask")["text"] == "Singapore's OCBC Bank"
    answer = client.predict("How tall is the Eiffel Tower?", api_name="/ask")
    assert (answer["answered"], answer["text"], answer["citations"]) == (False, "", [])
    assert len(answer["passages"]) > 0


def test_searching_through_each_door_gives_what_the_command_line_prints(
    site: Site, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    where = {"source": "tidal-mill.md"}
    printing.print_json(site.corpus.search("wheels of the mill", top_k=3, where=where))
    printed = json.loads(capsys.readouterr().out)
    assert len(printed) == 3
    assert client.predict("wheels of the mill", 3, where, api_name="/search") == printed
    assert run(site, "search", "wheels of the mill", 3, where) == printed
    failed, text = call_tool(site, "search", query="wheels of the mill", top_k=3, where=where)
    assert (failed, json.loads(text)) == (False, printed)


def test_the_stream_of_events_ends_with_the_result(site: Site) -> None:
    body = json.dumps({"question": BANK}).encode()
    with urllib.request.urlopen(_request(f"{site.url}gradio_api/call/v2/ask", body)) as reply:
        event = json.load(reply)["event_id"]
    with urllib.request.urlopen(f"{site.url}gradio_api/call/ask/{event}", timeout=60) as reply:
        lines = reply.read().decode().splitlines()
    assert lines[-3] == "event: complete"
    assert json.loads(lines[-2].removeprefix("data: "))[0]["text"] == "Singapore's OCBC Bank"


def test_a_text_that_is_added_is_found_and_one_of_the_same_source_replaces_it(
    site: Site, client: Client
) -> None:
    text = "The kiln of the pottery stands in Shed 4."
    assert client.predict(text, "pottery/kiln.md", api_name="/add")["status"] == "added"
    receipt = client.predict(text, "pottery/kiln.md", api_name="/add")
    assert (receipt["status"], receipt["source"], receipt["characters"]) == (
        "unchanged",
        "pottery/kiln.md",
        len(text),
    )
    assert client.predict("Where does the kiln stand?", api_name="/ask")["text"] == "Shed 4"
    failed, told = call_tool(site, "add", text=text.replace("4", "7"), source="pottery/kiln.md")
    assert (failed, json.loads(told)["status"]) == (False, "replaced")
    assert run(site, "ask", "Where does the kiln stand?")["text"] == "Shed 7"


def test_a_file_that_is_added_is_kept_with_the_corpus_and_nowhere_else(
    site: Site, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "lantern.txt"
    file.write_text("The lantern of the lighthouse weighs 412 kilograms.")
    receipt = client.predict(file=handle_file(str(file)), api_name="/add")
    assert (receipt["status"], Path(receipt["source"]).name) == ("added", "lantern.txt")
    assert (site.corpus.location / "uploads" / "lantern.txt").read_text() == file.read_text()
    answer = client.predict("How much does the lantern weigh?", api_name="/ask")
    assert answer["text"] == "412 kilograms"
    uploaded = _upload(site, file)
    failed, text = call_tool(site, "add", file={"path": uploaded, "meta": FILE})
    assert (failed, json.loads(text)["status"]) == (False, "unchanged")
    assert not Path(uploaded).exists()


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("ask", [" \n"], "the question is empty"),
        ("ask", ["x" * 2001], "question: String should have at most 2000 characters"),
        ("ask", [None], "question: Input should be a valid string"),
        ("ask", ["x", 0], "top_k: Input should be greater than or equal to 1"),
        ("ask", ["x", 51], "top_k: Input should be less than or equal to 50"),
        ("ask", ["x", 8, {"colour": "red"}], "unknown field 'colour' in where; known fields: "),
        ("ask", ["x", 8, {"date": {"gte": "soon"}}], "'soon' is no date"),
        ("ask", ["x", 8, None, [{"question": "y"}]], "history.0.text: Field required"),
        ("ask", ["x", 8, None, [{"question": "y", "text": ""}] * 51], "history: List should have at most 50"),
        ("ask", ["x", 8, None, None, 2], "min_confidence: Input should be less than or equal to 1"),
        ("ask", ["\ud800"], "question: Input should be a valid string, unable to parse"),
        ("ask", ["!damaged"], "it is <b>torn</b>"),
        ("ask", ["!broken"], endpoints.UNEXPECTED),
        ("search", [""], "the query is empty"),
        ("add", ["words"], "give text with its source, or a file"),
        ("add", ["words", " "], "' ' cannot name a text"),
        ("add", ["words", "a\nb"], "source must be one line of printable characters"),
        ("add", ["x" * 1_000_001, "long.txt"], "text: String should have at most 1000000 characters"),
        ("add", ["words", "a.txt", {"path": "/etc/passwd", "meta": {}}], intake.NOT_UPLOADED),
    ],
)
def test_a_wrong_call_is_told_in_one_line(site: Site, name: str, arguments: list[Any], line: str) -> None:
    reply = run(site, name, *arguments)
    assert reply["error"].startswith(line)
    assert "\n" not in reply["error"]
    assert "secret" not in json.dumps(reply)


def test_each_client_is_told_what_is_wrong(site: Site, client: Client) -> None:
    with pytest.raises(AppError, match="the question is empty"):
        client.predict(" ", api_name="/ask")
    assert call_tool(site, "ask", question=" ") == (True, "the question is empty")
    assert call_tool(site, "ask", question="!broken") == (True, endpoints.UNEXPECTED)
    assert call_tool(site, "ask") == (True, "Input validation error: 'question' is a required property")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_text(site: Site, text: str) -> None:
    assert run(site, "ask", text)["question"] == text
    assert isinstance(run(site, "search", text), list)
    receipt = run(site, "add", "The weather vane is brass.", text)
    assert receipt.get("source") == text or receipt["error"].startswith(("source", "' '", "'\\x00"))


@pytest.mark.parametrize(
    "path",
    [
        "http://fetched.example/a.txt",
        "https://fetched.example/a.txt",
        "http://127.0.0.1:1/a.txt",
        "file:///etc/passwd",
        "/etc/passwd",
        str(SEEDS / "tidal-mill.md"),
        "../../../../../../../etc/passwd",
        "a\x00b",
        "",
    ],
)
@pytest.mark.parametrize("meta", [FILE, {}])
def test_only_an_uploaded_file_is_one(site: Site, path: str, meta: dict[str, str]) -> None:
    before = len(site.corpus.documents())
    file = {"path": path, "meta": meta, "url": path, "orig_name": "a.txt"}
    assert run(site, "add", None, None, file) == {"error": intake.NOT_UPLOADED}
    with pytest.raises((McpError, ExceptionGroup)) as caught:
        call_tool(site, "add", file=file)
    assert caught.group_contains(McpError, match=intake.NOT_UPLOADED) or "uploaded" in str(caught.value)
    assert "error" in run(site, "ask", "x", 8, file)
    assert "error" in run(site, "ask", "x", 8, {"source": [file]})
    assert call_tool(site, "add", file=path)[0]
    assert len(site.corpus.documents()) == before
    assert not any("fetched" in host for host in site.entries("connect"))


def test_the_pages_own_events_take_no_address_for_a_file_either(site: Site) -> None:
    with urllib.request.urlopen(f"{site.url}config") as reply:
        events = [event for event in json.load(reply)["dependencies"] if event["inputs"]]
    file = {"path": "http://fetched.example/a.txt", "meta": FILE}
    for event in events:
        body = json.dumps({"data": [file] * len(event["inputs"]), "fn_index": event["id"]}).encode()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(_request(f"{site.url}gradio_api/run/predict", body), timeout=60)
        caught.value.close()
    assert len(events) > 3
    assert not any("fetched" in host for host in site.entries("connect"))


def test_gradios_mcp_server_has_three_typed_tools_beside_the_pydantic_that_is_installed(site: Site) -> None:
    """Gradio's extra ``mcp`` asks for an older pydantic; what counts is that the server works."""
    [ask, search, add] = over_mcp(site, lambda session: session.list_tools()).tools
    assert [tool.name for tool in (ask, search, add)] == ["ask", "search", "add"]
    assert [tool.inputSchema.get("required") for tool in (ask, search, add)] == [
        ["question"],
        ["query"],
        None,
    ]
    assert ask.inputSchema["properties"]["top_k"] == {
        "type": "integer",
        "default": 8,
        "description": "how many passages are read, 1 to 50",
    }
    for tool in (ask, search, add):
        assert "Use it" in (tool.description or "")
        assert "Returns: a" in (tool.description or "")
        assert all(one["description"] for one in tool.inputSchema["properties"].values())
        assert "url" not in json.dumps(tool.inputSchema)


@pytest.mark.parametrize("method", ["list_resources", "list_resource_templates", "list_prompts"])
def test_nothing_but_tools_is_offered_over_mcp(site: Site, method: str) -> None:
    async def work(session: ClientSession) -> None:
        await getattr(session, method)()

    with pytest.raises((McpError, ExceptionGroup)) as caught:
        over_mcp(site, work)
    assert caught.group_contains(McpError, match="Method not found") or "not found" in str(caught.value)


def test_mcp_is_for_the_pages_own_name_only_and_no_form_can_reach_it(site: Site) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    accepted = {"Accept": "application/json, text/event-stream"}
    for headers in ({"Host": "rebound.example"}, {"Content-Type": "text/plain"}):
        request = _request(f"{site.url}gradio_api/mcp/", body, {**accepted, **headers})
        with pytest.raises(urllib.error.HTTPError, match="400") as caught:
            urllib.request.urlopen(request)
        caught.value.close()
    with urllib.request.urlopen(_request(f"{site.url}gradio_api/mcp/", body, accepted)) as reply:
        assert b'"name":"ask"' in reply.read()


def test_where_the_page_asks_for_a_login_tools_want_an_account(locked_site: Site) -> None:
    account = httpx.BasicAuth("anna", "pass:word")

    async def asked() -> str:
        async with (
            httpx.AsyncClient(auth=account, timeout=60) as http,
            streamable_http_client(f"{locked_site.url}gradio_api/mcp/", http_client=http) as (
                reading,
                writing,
                _,
            ),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            [content] = (await session.call_tool("ask", {"question": BANK})).content
            return str(json.loads(content.text)["text"])  # type: ignore[union-attr]

    assert finished(asked()) == "Singapore's OCBC Bank"
    for door in ("mcp/", "run/ask", "info"):
        assert httpx.post(f"{locked_site.url}gradio_api/{door}", json={"data": [BANK]}).status_code in (
            401,
            404,
        )
        assert httpx.get(f"{locked_site.url}gradio_api/{door}").status_code in (401, 404)


def documented(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", DOC, re.DOTALL)


@pytest.mark.parametrize(
    ("program", "code", "shown"),
    [
        (
            [sys.executable, "-c"],
            documented("python")[0],
            "Singapore's OCBC Bank\nopen-source-ai-race.txt",
        ),
        ([sys.executable, "-c"], documented("python")[1], "Singapore's OCBC Bank\n"),
        (["sh", "-c"], documented("sh")[0], '{"data":[{"question":"Which bank built 30 internal tools?"'),
        (["sh", "-c"], documented("sh")[1], 'event: complete\ndata: [[{"passage": '),
        (["sh", "-c"], documented("sh")[2], '{"data":[{"source":'),
    ],
)
def test_what_the_documentation_shows_works(site: Site, program: list[str], code: str, shown: str) -> None:
    done = subprocess.run(
        [
            *program,
            code.replace("http://127.0.0.1:7860/", site.url).replace("http://127.0.0.1:7860", site.url),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(shown)


def test_the_documentation_names_every_argument(site: Site) -> None:
    for tool in over_mcp(site, lambda session: session.list_tools()).tools:
        table = DOC[DOC.index(f"| `{tool.name}` |") :].split("\n\n")[0]
        rows = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
        assert rows == [tool.name, *tool.inputSchema["properties"]]


def _request(url: str, body: bytes, headers: dict[str, str] | None = None) -> urllib.request.Request:
    return urllib.request.Request(url, body, {"Content-Type": "application/json", **(headers or {})})


def _upload(site: Site, file: Path) -> str:
    """Upload a file as a form does; return where gradio keeps it."""
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'
    body = head.encode() + file.read_bytes() + b"\r\n--edge--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    with urllib.request.urlopen(_request(f"{site.url}gradio_api/upload", body, kind)) as reply:
        return str(json.load(reply)[0])
