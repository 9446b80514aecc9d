"""Asking a real server on loopback: what it is sent, and every way in which it can fail."""

import gc
import json
import socket
import traceback
from typing import Any

import pytest

from pincite import llm as asking
from pincite import llm_faults, servers
from pincite.index.errors import AnswererUnavailable
from pincite.llm import BrokenOff, Llm, Overlong, PromptTooLong
from pincite.prompting import Form, Prompt
from tests.llm_server import Reply, Server

KEY = "sk-test-0123456789"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A key in the environment, a proxy that answers nobody, and no time to wait: the waits are kept."""
    waits: list[float] = []
    monkeypatch.setattr(asking, "_KNOWN_WAYS", {})
    monkeypatch.setattr("pincite.llm.time.sleep", waits.append)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return waits


def prompt(form: Form) -> Prompt:
    return Prompt(f"rules for {form}", "passages")


def reply(server: Server, **options: Any) -> str:
    return "".join(piece.text for piece in Llm.of(server.llm).pieces(prompt, **options))


def test_the_server_gets_the_prompt_and_the_key_only_as_a_header(server: Server) -> None:
    server.replies.append(Reply("yes"))
    assert reply(server) == "yes"
    (body,) = server.bodies
    assert [(message["role"], message["content"]) for message in body["messages"]] == [
        ("system", "rules for json_schema"),
        ("user", "passages"),
    ]
    assert server.paths == ["/v1/chat/completions"]
    assert (body["model"], body["temperature"], body["stream"]) == ("mini", 0, True)
    assert body["response_format"]["type"] == "json_schema"
    assert body["stream_options"] == {"include_usage": True}
    assert not {"tools", "functions", "tool_choice"} & body.keys()
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(body)
    assert KEY not in "".join(v for k, v in server.headers[0].items() if k != "Authorization")


def test_a_local_server_needs_no_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    server.replies.append(Reply("yes"))
    assert reply(server) == "yes"
    assert server.headers[0]["Authorization"] == "Bearer none"


def test_a_reply_comes_in_pieces_with_what_the_server_counted(server: Server) -> None:
    server.replies.append(Reply(pieces=("one ", "two"), prompt_tokens=321, finish="length"))
    pieces = list(Llm.of(server.llm).pieces(prompt))
    assert [piece.text for piece in pieces if piece.text] == ["one ", "two"]
    assert [piece.finish for piece in pieces if piece.finish] == ["length"]
    assert [piece.prompt_tokens for piece in pieces if piece.prompt_tokens] == [321]


@pytest.mark.parametrize("status", [400, 415, 422])
def test_a_form_that_a_server_does_not_know_is_replaced_by_a_simpler_one(
    server: Server, status: int, environment: list[float]
) -> None:
    refusal = Reply(status=status, body='{"error": {"message": "unknown field"}}')
    server.replies += [refusal, refusal, refusal, Reply("yes")]
    assert reply(server) == "yes"
    asked = [
        (
            body["messages"][0]["content"],
            body.get("response_format", {}).get("type"),
            "stream_options" in body,
        )
        for body in server.bodies
    ]
    assert asked == [
        ("rules for json_schema", "json_schema", True),
        ("rules for json_object", "json_object", True),
        ("rules for tags", None, True),
        ("rules for tags", None, False),
    ]
    assert environment == []


def test_tags_can_be_asked_for_at_once(server: Server) -> None:
    server.replies.append(Reply("yes"))
    assert reply(server, in_tags=True) == "yes"
    assert "response_format" not in server.bodies[0]


def test_a_server_that_cannot_stream_is_asked_without(server: Server) -> None:
    server.replies += [Reply("ignored", body=Reply("yes").completion()), Reply("yes")]
    assert reply(server) == "yes"
    assert [bool(body.get("stream")) for body in server.bodies] == [True, False]


def failure(server: Server) -> str:
    """The message of the error, once it is sure that nothing in its traceback shows the key."""
    with pytest.raises(AnswererUnavailable) as caught:
        reply(server)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value).replace(str(server.port), "PORT")


def error(status: int, message: str, **headers: str) -> Reply:
    return Reply(status=status, body=json.dumps({"error": {"message": message}}), headers=headers)


@pytest.mark.parametrize(
    ("reply_", "tries", "problem"),
    [
        (error(401, f"wrong key {KEY}"), 1, "HTTP 401, wrong key …: is OPENAI_API_KEY right?"),
        (error(403, "not yours"), 1, "HTTP 403, not yours: may this key use the model?"),
        (
            error(404, "no model mini"),
            1,
            "HTTP 404, no model mini: does the server have this model, and is the address right?",
        ),
        (error(500, f"lost {KEY}"), 3, "HTTP 500, lost …"),
        (error(503, "loading the model"), 3, "HTTP 503, loading the model"),
        (error(429, "too many"), 3, "HTTP 429, too many"),
    ],
)
def test_an_error_of_the_server_is_told_without_the_key(
    server: Server, reply_: Reply, tries: int, problem: str
) -> None:
    server.replies += [reply_] * tries
    assert failure(server) == f"mini at 127.0.0.1:PORT did not answer: {problem}"
    assert server.replies == []


def test_a_busy_server_is_asked_again_after_as_long_as_it_wants(
    server: Server, environment: list[float]
) -> None:
    server.replies += [error(429, "wait", **{"Retry-After": "3"}), error(503, "wait"), Reply("yes")]
    assert reply(server) == "yes"
    assert environment == [3.0, 1.0]


@pytest.mark.parametrize("wanted", ["3600", "21.5"])
def test_nobody_waits_for_an_hour(server: Server, environment: list[float], wanted: str) -> None:
    server.replies.append(error(429, "quota", **{"Retry-After": wanted}))
    assert failure(server).endswith(f"HTTP 429, quota (it asks to wait for {wanted} seconds)")
    assert environment == []


@pytest.mark.parametrize("wanted", ["Wed, 21 Oct 2037 07:28:00 GMT", "soon", "-5", "nan"])
def test_a_wait_that_is_no_number_of_seconds_does_no_harm(
    server: Server, environment: list[float], wanted: str
) -> None:
    server.replies += [error(429, "busy", **{"Retry-After": wanted}), Reply("yes")]
    assert reply(server) == "yes"
    assert environment == [0.5]


def test_a_server_that_is_not_there_is_named(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server.port = unused.getsockname()[1]
    assert failure(server) == "mini at 127.0.0.1:PORT cannot be reached: is the server running?"


def test_a_server_that_closes_the_connection_is_asked_again(server: Server, environment: list[float]) -> None:
    server.replies += [Reply(silent=True), Reply("yes")]
    assert reply(server) == "yes"
    server.replies += [Reply(silent=True)] * 3
    assert failure(server) == "mini at 127.0.0.1:PORT closed the connection without an answer"
    assert environment == [0.5, 0.5, 1.0]


def test_a_server_that_says_nothing_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        server.port = deaf.getsockname()[1]
        for module in (servers, llm_faults):
            monkeypatch.setattr(module, "MAX_SILENT_SECONDS", 0.2)
        assert failure(server) == "mini at 127.0.0.1:PORT gave no answer within 0 seconds"


def test_a_stream_that_is_cut_says_so(server: Server) -> None:
    server.replies.append(Reply(pieces=("one ", "two"), cut=True))
    pieces = Llm.of(server.llm).pieces(prompt)
    assert [next(pieces).text, next(pieces).text] == ["one ", "two"]
    with pytest.raises(BrokenOff, match="broke off in the middle of its answer"):
        next(pieces)


def test_an_error_inside_a_stream_is_told(server: Server) -> None:
    event = b'data: {"error": {"message": "out of memory"}}\n\n'
    server.replies.append(Reply(body=event, headers={"Content-Type": "text/event-stream"}))
    assert failure(server).endswith("did not answer: out of memory")


def test_an_event_that_is_no_json_is_told(server: Server) -> None:
    server.replies.append(Reply(body="data: {oops\n\n", headers={"Content-Type": "text/event-stream"}))
    assert failure(server) == "mini at 127.0.0.1:PORT did not answer: what it sent is no JSON"


@pytest.mark.parametrize("body", ["<html>hello</html>", "{}", "[1]", '{"choices": []}', "null"])
def test_a_reply_that_is_no_completion_is_unusable(server: Server, body: str) -> None:
    server.replies += [Reply(body=body)] * 2
    assert failure(server).startswith("mini at 127.0.0.1:PORT did not answer: ")


def test_an_answer_without_end_is_broken_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_CHARACTERS", 100)
    server.replies.append(Reply("word " * 1000, hangs=True))
    with pytest.raises(Overlong, match="did not come to an end: it wrote more than 100 characters"):
        reply(server)
    assert server.left.wait(5)


def test_an_answer_of_ten_megabytes_is_not_read(server: Server) -> None:
    server.replies += [Reply("x" * 10_000_000, pieces=("x" * 10_000_000,))] * 2
    assert failure(server) == "mini at 127.0.0.1:PORT did not come to an end: it sent more than 4 MB"


def test_a_writer_that_never_stops_is_stopped(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_SECONDS", -1.0)
    server.replies.append(Reply("a few words"))
    assert "it went on for more than -1 seconds" in failure(server)


def test_a_server_that_only_keeps_the_connection_alive_is_left(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "MAX_SECONDS", 0.1)
    server.replies.append(Reply(hangs=True))
    assert "it went on for more than 0 seconds" in failure(server)
    assert server.left.wait(5)


def test_a_server_that_fails_at_a_form_is_asked_in_a_simpler_one(server: Server) -> None:
    server.replies += [error(500, "no grammar for json_schema"), Reply("yes")]
    assert reply(server) == "yes"
    assert server.bodies[1]["response_format"]["type"] == "json_object"


def test_a_form_that_was_refused_is_not_tried_again(server: Server) -> None:
    server.replies += [error(400, "unknown response_format"), Reply("yes"), Reply("again")]
    assert [reply(server), reply(server)] == ["yes", "again"]
    forms = [body["response_format"]["type"] for body in server.bodies]
    assert forms == ["json_schema", "json_object", "json_object"]


def test_a_limit_of_rates_is_no_window(server: Server, environment: list[float]) -> None:
    server.replies += [error(429, "Rate limit: at most 30000 tokens per minute"), Reply("yes")]
    assert reply(server) == "yes"
    assert environment == [0.5]


def test_not_even_a_part_of_the_key_is_told(server: Server) -> None:
    server.replies.append(error(401, "x" * 190 + KEY))
    assert KEY[:4] not in failure(server)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens."),
        (400, "the request exceeds the available context size, try increasing it"),
        (413, "prompt is too long"),
        (500, "requested tokens exceed context window of 512"),
    ],
)
def test_a_prompt_that_is_too_long_is_told_apart(server: Server, status: int, message: str) -> None:
    server.replies.append(error(status, message))
    with pytest.raises(PromptTooLong, match="mini at"):
        reply(server)


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.replies.append(Reply(status=307, headers={"Location": "http://127.0.0.1:1/v1/chat/completions"}))
    assert "HTTP 307" in failure(server)
    assert len(server.bodies) == 1


def test_closing_the_iterator_ends_the_request(server: Server) -> None:
    server.replies.append(Reply(pieces=("one ",), hangs=True))
    pieces = Llm.of(server.llm).pieces(prompt)
    assert next(pieces).text == "one "
    gc.disable()  # only what closes it on purpose counts
    pieces.close()
    has_left = server.left.wait(5)
    gc.enable()
    assert has_left


def test_a_llama_index_object_serves_with_or_without_a_stream(server: Server) -> None:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import MockLLM

    class Chatting(MockLLM):
        def chat(self, messages: Any, **options: Any) -> ChatResponse:
            assert not options
            return ChatResponse(message=ChatMessage(role="assistant", content="chatted"))

    class Streaming(Chatting):
        def stream_chat(self, messages: Any, **options: Any) -> Any:
            assert not options
            for delta, so_far in (("str", "str"), ("eamed", "streamed")):
                yield ChatResponse(message=ChatMessage(role="assistant", content=so_far), delta=delta)

    class Unable(Chatting):
        def stream_chat(self, messages: Any, **options: Any) -> Any:
            raise NotImplementedError

    for kind, said in ((Chatting, "chatted"), (Streaming, "streamed"), (Unable, "chatted")):
        pieces = Llm.of(kind(max_tokens=None)).pieces(prompt)
        assert "".join(piece.text for piece in pieces) == said


def test_an_openai_object_of_llama_index_is_asked_for_json(server: Server) -> None:
    from llama_index.llms.openai_like import OpenAILike

    server.replies.append(Reply("yes"))
    base = f"http://127.0.0.1:{server.port}/v1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        own = OpenAILike(model="own", api_base=base, is_chat_model=True, max_retries=0, context_window=999)
        one = Llm.of(own)
        assert "".join(piece.text for piece in one.pieces(prompt)) == "yes"
    assert server.bodies[0]["response_format"]["type"] == "json_schema"
    assert (one.model, one.window_tokens) == ("own", 999)
    assert Llm.of(server.llm).window_tokens is None


def test_any_error_of_an_object_is_told(server: Server) -> None:
    from llama_index.core.llms import MockLLM

    class Broken(MockLLM):
        def chat(self, messages: Any, **options: Any) -> Any:
            raise RuntimeError("no\n  power")

    with pytest.raises(AnswererUnavailable, match="did not answer: RuntimeError, no power"):
        list(Llm.of(Broken(max_tokens=None)).pieces(prompt))
