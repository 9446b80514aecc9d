"""What a corpus on a Milvus server says when something is amiss: one line that tells what to do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusDamaged, CorpusNotFound, CorpusUnavailable, PinciteError
from pincite.index.milvus import changes
from pincite.index.milvus import server as server_module
from pincite.index.milvus.server import Address, address_of
from tests.fakes import FakeEncoder

from .test_store_contract import Wide

if TYPE_CHECKING:
    from pymilvus import MilvusClient

    from tests.milvus_server import MilvusServer


@pytest.fixture
def location(milvus: MilvusServer) -> str:
    """The location of a corpus with one text."""
    location = milvus.location()
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common alpha", source="a.txt")
    return location


@pytest.fixture
def client(milvus: MilvusServer) -> Iterator[MilvusClient]:
    """A client of the server's, to do harm with."""
    from pymilvus import MilvusClient

    client = MilvusClient(milvus.address.replace("milvus:", "http:"))
    yield client
    client.close()


def collections_of(client: MilvusClient, location: str) -> tuple[str, str]:
    """The names of the collections of passages and of texts."""
    passages = client.describe_alias(address_of(location).collection)["collection_name"]
    return passages, passages.replace("_passages", "_texts")


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("milvus://localhost/name", Address("localhost", 19530, "name")),
        ("milvus://10.0.0.1:1/_n2", Address("10.0.0.1", 1, "_n2")),
        ("milvus://[::1]:19530/name", Address("::1", 19530, "name")),
    ],
)
def test_an_address_names_a_server_and_a_collection(location: str, address: Address) -> None:
    assert address_of(location) == address
    assert address_of(str(address)) == address


@pytest.mark.parametrize(
    "location",
    [
        "milvus:",
        "milvus://",
        "milvus:///name",
        "milvus://host",
        "milvus://host/",
        "milvus://host:19530",
        "milvus://host:port/name",
        "milvus://host:99999/name",
        "milvus://host:19530/name/more",
        "milvus://host:19530/na-me",
        "milvus://host:19530/1name",
        "milvus://host:19530/名",
        "milvus://host:19530/name?x=1",
        "milvus://host:19530/name#x",
        "milvus://[::1/name",
        f"milvus://host/{'n' * 201}",
        "milvus:/host/name",
    ],
)
def test_a_bad_address_says_how_to_write_one(location: str) -> None:
    with pytest.raises(CorpusNotFound, match=r"is no address of a corpus: .*milvus://HOST:19530/NAME"):
        Corpus.open(location, encoder=FakeEncoder())


@pytest.mark.parametrize("who", ["user:secret@", "user@", ":secret@"])
def test_a_password_in_the_address_is_refused_and_not_repeated(who: str) -> None:
    with pytest.raises(CorpusNotFound, match="give the token as PINCITE_MILVUS_TOKEN") as caught:
        Corpus.open(f"milvus://{who}host:19530/name")
    assert "secret" not in str(caught.value)


def test_without_pymilvus_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(PinciteError, match=r'needs pymilvus: run `pip install "pincite\[scale\]"`'):
        Corpus.open("milvus://127.0.0.1:1/name")


def test_a_server_that_is_not_there_is_told_of_at_once(
    milvus: MilvusServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    started = time.monotonic()
    with pytest.raises(CorpusUnavailable) as caught:
        Corpus.open("milvus://127.0.0.1:1/name", encoder=FakeEncoder())
    assert time.monotonic() - started < 5
    message = "no Milvus server answers at milvus://127.0.0.1:1/name: start it, or name another"
    assert str(caught.value) == message
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_server_that_goes_away_is_told_of_within_seconds(
    milvus: MilvusServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.milvus_server import milvus_server

    monkeypatch.setattr(server_module, "_PATIENCE_SECONDS", 0.5)
    with milvus_server(tmp_path) as own, Corpus.open(own.location(), encoder=FakeEncoder()) as corpus:
        corpus.add_text("common alpha", source="a.txt")
        own.kill()
        uses: list[Callable[[], object]] = [
            lambda: corpus.search("common"),
            corpus.documents,
            corpus.stats,
            corpus.verify,
            lambda: corpus.add_text("beta", source="b.txt"),
            lambda: corpus.remove("a.txt"),
        ]
        for use in uses:
            started = time.monotonic()
            with pytest.raises(CorpusUnavailable, match="no Milvus server answers at milvus://"):
                use()
            assert time.monotonic() - started < 10
    assert capfd.readouterr() == ("", "")


@contextmanager
def answering(answer: Callable[[Any, Any], bytes], credentials: Any = None) -> Iterator[str]:
    """A gRPC server that gives one answer to every call; the address of a corpus on it. It speaks TLS where
    it has ``credentials``.
    """
    import grpc

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, call: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(lambda request, context: answer(call, context))

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Handler()])
    here = "127.0.0.1:0"
    port = server.add_secure_port(here, credentials) if credentials else server.add_insecure_port(here)
    server.start()
    yield f"milvus://127.0.0.1:{port}/name"
    server.stop(None).wait()


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "PERMISSION_DENIED"])
@pytest.mark.parametrize("after_connecting", [False, True])
def test_a_server_that_refuses_the_call_asks_for_the_token(
    milvus: MilvusServer, code: str, after_connecting: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    import grpc

    def refuse(call: Any, context: Any) -> bytes:
        if after_connecting and call.method.endswith("/Connect"):
            return b""
        context.abort(grpc.StatusCode[code], "auth check failure, please check api key is correct")
        return b""

    with answering(refuse) as location:  # noqa: SIM117 -- both would be too long a line
        with pytest.raises(CorpusUnavailable, match=r"does not let us in: .*: set PINCITE_MILVUS_TOKEN"):
            Corpus.open(location, encoder=FakeEncoder())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1400, "not authenticated"), (1401, "privilege not permitted"), (65535, "auth check failure")],
)
def test_a_server_that_answers_with_a_refusal_asks_for_the_token(
    milvus: MilvusServer, code: int, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from pymilvus.grpc_gen import common_pb2, milvus_pb2

    status = common_pb2.Status(code=code, reason=reason)

    def refuse(call: Any, context: Any) -> bytes:
        if call.method.endswith("/Connect"):
            return b""
        if call.method.endswith("/DescribeAlias"):
            return bytes(milvus_pb2.DescribeAliasResponse(status=status).SerializeToString())
        return bytes(status.SerializeToString())

    with (
        answering(refuse) as location,
        pytest.raises(CorpusUnavailable, match=f"does not let us in: {reason}: set PINCITE_MILVUS_TOKEN"),
    ):
        Corpus.open(location, encoder=FakeEncoder())
    assert capfd.readouterr() == ("", "")


def test_the_token_is_sent_as_it_is_in_the_environment(
    milvus: MilvusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64

    import grpc

    sent: list[str] = []

    def note(call: Any, context: Any) -> bytes:
        sent.extend(value for name, value in call.invocation_metadata if name == "authorization")
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
        return b""

    monkeypatch.setenv("PINCITE_MILVUS_TOKEN", "someone:secret")
    with answering(note) as location, pytest.raises(CorpusUnavailable) as caught:
        Corpus.open(location, encoder=FakeEncoder())
    assert [base64.b64decode(one) for one in sent] == [b"someone:secret"]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        (4, "request limit exceeded", "cannot do so now: request limit exceeded: try again"),
        (106, "collection on recovering", "cannot do so now: collection on recovering: try again"),
        (1, "service not ready[proxy=1]: Initializing", "no Milvus server answers at"),
    ],
)
def test_a_server_that_is_busy_has_lost_nothing(
    milvus: MilvusServer, code: int, reason: str, message: str
) -> None:
    from pymilvus.grpc_gen import common_pb2, milvus_pb2

    status = common_pb2.Status(code=code, reason=reason)

    def refuse(call: Any, context: Any) -> bytes:
        if call.method.endswith("/DescribeAlias"):
            return bytes(milvus_pb2.DescribeAliasResponse(status=status).SerializeToString())
        return b""

    with answering(refuse) as location, pytest.raises(CorpusUnavailable, match=message):
        Corpus.open(location, encoder=FakeEncoder())


def test_who_may_not_load_collections_reads_those_that_are_loaded(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymilvus import MilvusClient, MilvusException

    def refuse(*_: object, **__: object) -> None:
        raise MilvusException(65535, "permission deny: PrivilegeLoad")

    monkeypatch.setattr(MilvusClient, "load_collection", refuse)
    with Corpus.open(location, create=False, encoder=FakeEncoder()) as corpus:
        assert [hit.passage.source for hit in corpus.search("common")] == ["a.txt"]


def made_by_oneself(folder: Path) -> Any:
    """Credentials of a server of this machine that nobody vouches for but ``folder / "own.pem"``."""
    import datetime

    import grpc
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    (folder / "own.pem").write_bytes(certificate)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return grpc.ssl_server_credentials([(private, certificate)])


def test_a_server_that_an_authority_of_ones_own_vouches_for_is_trusted(
    milvus: MilvusServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import grpc

    def refuse(call: Any, context: Any) -> bytes:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "reached")
        return b""

    with answering(refuse, made_by_oneself(tmp_path)) as location:
        for file, message in (("own.pem", "does not let us in"), ("none.pem", "none.pem, which cannot be")):
            monkeypatch.setenv("PINCITE_MILVUS_TLS", str(tmp_path / file))
            with pytest.raises(CorpusUnavailable, match=message):
                Corpus.open(location, encoder=FakeEncoder())


def test_who_does_not_agree_on_tls_is_told_what_to_set(
    milvus: MilvusServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PINCITE_MILVUS_TLS", "1")
    with (
        answering(lambda _call, _context: b"", made_by_oneself(tmp_path)) as location,
        pytest.raises(CorpusUnavailable, match="not trusted: give the file of its authority as PINCITE_"),
    ):
        Corpus.open(location, encoder=FakeEncoder())
    with (
        answering(lambda _call, _context: b"") as location,
        pytest.raises(CorpusUnavailable, match="speaks no TLS: unset PINCITE_MILVUS_TLS"),
    ):
        Corpus.open(location, encoder=FakeEncoder())


def test_a_server_that_sends_less_than_it_would_have_to_has_lost_nothing(milvus: MilvusServer) -> None:
    import grpc

    def refuse(call: Any, context: Any) -> bytes:
        if call.method.endswith("/DescribeAlias"):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "rate limit")
        return b""

    with (
        answering(refuse) as location,
        pytest.raises(CorpusUnavailable, match="cannot do so now: rate limit: try again"),
    ):
        Corpus.open(location, encoder=FakeEncoder())


def test_another_programs_collection_is_refused_and_left_alone(
    milvus: MilvusServer, client: MilvusClient
) -> None:
    location = milvus.location()
    name = address_of(location).collection
    client.create_collection(name, dimension=4)
    before = client.describe_collection(name)
    for create in (True, False):
        with pytest.raises(CorpusNotFound, match=f"{name} at .* is a collection that is no corpus's"):
            Corpus.open(location, create=create, encoder=FakeEncoder())
    assert client.describe_collection(name) == before
    client.drop_collection(name)


def test_an_alias_of_something_else_is_refused_and_left_alone(
    milvus: MilvusServer, client: MilvusClient
) -> None:
    location = milvus.location()
    name = address_of(location).collection
    client.create_collection(f"other_{name}", dimension=4)
    client.create_alias(f"other_{name}", name)
    with pytest.raises(CorpusNotFound, match=f"{name} at .* stands for other_{name}, which is no corpus's"):
        Corpus.open(location, encoder=FakeEncoder())
    assert client.describe_alias(name)["collection_name"] == f"other_{name}"
    client.drop_collection(f"other_{name}")


def corpus_row(client: MilvusClient, texts: str) -> dict[str, Any]:
    (row,) = client.get(texts, ids=["corpus"], output_fields=["*"])
    return dict(row)


def test_a_later_layout_asks_for_an_update(location: str, client: MilvusClient) -> None:
    _, texts = collections_of(client, location)
    row = corpus_row(client, texts)
    client.upsert(texts, [row | {"payload": row["payload"].replace("[1,", "[99,", 1)}])
    with pytest.raises(CorpusDamaged, match="has layout 99, this pincite reads layout 1: update pincite"):
        Corpus.open(location)


@pytest.mark.parametrize("payload", ["", "{}", "[1]", "[2, [3], {}]", "not JSON", "null"])
def test_a_row_that_describes_no_corpus_is_damage(location: str, client: MilvusClient, payload: str) -> None:
    _, texts = collections_of(client, location)
    client.upsert(texts, [corpus_row(client, texts) | {"payload": payload}])
    with pytest.raises(CorpusDamaged, match=f"the row that describes {texts} cannot be read"):
        Corpus.open(location)


def test_a_corpus_without_its_own_row_is_damaged(location: str, client: MilvusClient) -> None:
    _, texts = collections_of(client, location)
    client.delete(texts, ids=["corpus"])
    with pytest.raises(CorpusDamaged, match="has lost the row that describes the corpus"):
        Corpus.open(location)


def test_a_lost_collection_of_texts_is_damage(location: str, client: MilvusClient) -> None:
    _, texts = collections_of(client, location)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        client.drop_collection(texts)
        uses: list[Callable[[], object]] = [
            corpus.documents,
            lambda: corpus.search("common"),
            lambda: corpus.add_text("beta", source="b.txt"),
        ]
        for use in uses:
            with pytest.raises(CorpusDamaged, match="has lost a collection"):
                use()
    with pytest.raises(CorpusDamaged, match="has lost a collection"):
        Corpus.open(location, encoder=FakeEncoder())


def test_vectors_of_another_dimension_than_the_corpus_says_are_damage(
    location: str, client: MilvusClient
) -> None:
    _, texts = collections_of(client, location)
    row = corpus_row(client, texts)
    client.upsert(texts, [row | {"payload": row["payload"].replace(", 64,", ", 65,")}])
    with Corpus.open(location, encoder=Wide("fake", dimension=65)) as corpus:
        assert corpus.verify() == ["its vectors have 64 dimensions, not the 65 of its encoder"]
        with pytest.raises(CorpusDamaged, match=r"cannot be used: .*dim"):
            corpus.add_text("common beta", source="b.txt")
        assert [one.source for one in corpus.documents()] == ["a.txt"]


def test_what_is_lost_or_changed_is_found_by_verify(location: str, client: MilvusClient) -> None:
    passages, texts = collections_of(client, location)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common beta", source="b.txt")
        corpus.add_text("common gamma", source="c.txt")
        corpus.add_text("common delta", source="d.txt")
        assert corpus.verify() == []
        ids = {one.source: one.document_id for one in corpus.documents()}
        client.delete(passages, filter=f'document_id == "{ids["a.txt"]}"')
        (text,) = client.query(
            texts, filter=f'kind == "text" and document_id == "{ids["b.txt"]}"', output_fields=["*"]
        )
        client.upsert(texts, [text | {"payload": "common bet!"}])
        (row,) = client.query(passages, filter=f'document_id == "{ids["c.txt"]}"', output_fields=["*"])
        changed = {field: row[field] for field in row if not field.endswith("weights")}
        client.upsert(passages, [changed | {"vector": [2.0] + [0.0] * 63}])
        client.upsert(texts, [text | {"id": "v-000000-text-000000", "version": "v"}])
        assert sorted(corpus.verify()) == [
            "1 pieces of documents that are gone or were never whole",
            "1 vectors are of neither unit length nor zero",
            "a.txt has not its 1 passages in the index",
            "b.txt: its text or source is not the one that was indexed",
        ]
        client.delete(texts, filter=f'kind == "text" and document_id == "{ids["d.txt"]}"')
        with pytest.raises(CorpusDamaged, match=r"d\.txt has lost some of its text: see `pincite verify`"):
            corpus.text(ids["d.txt"])
        assert any("d.txt has lost some of its text" in finding for finding in corpus.verify())


def test_a_refused_row_leaves_the_corpus_as_it_was(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "check_room", lambda *_: None)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        with pytest.raises(PinciteError):
            corpus.add_text("common beta", source="s" * 70_000)
        assert [one.source for one in corpus.documents()] == ["a.txt"]
        assert corpus.add_text("common beta", source="b.txt").status == "added"
        assert corpus.verify() == []
