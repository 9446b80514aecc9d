"""A connection to a Milvus server, whose errors say what to do.

Only here is pymilvus spoken to. TLS and the token are read from the environment, where secrets belong, and
not from the address, which is shown:

    PINCITE_MILVUS_TOKEN    a token, or USER:PASSWORD
    PINCITE_MILVUS_TLS      1, or the file of a certificate authority that is to be trusted
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pincite.index.errors import CorpusDamaged, CorpusNotFound, CorpusUnavailable, PinciteError

if TYPE_CHECKING:
    from pymilvus import CollectionSchema, MilvusClient
    from pymilvus.milvus_client import IndexParams

SCHEME = "milvus://"
_PORT = 19530
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
CALL_SECONDS = 60.0
"""A call that takes longer has failed."""
_CONNECT_SECONDS = 10
_LOAD_SECONDS = 1_800.0  # of a large collection that was released
_PATIENCE_SECONDS = 6.0
_AT_FIRST_SECONDS = 1.0
_PAUSE_SECONDS = 0.25
_CONNECTION: dict[str, int] = {
    **{f"grpc.{which}_reconnect_backoff_ms": 250 for which in ("initial", "min", "max")},
    # pymilvus sends a ping every ten seconds, also while nothing is asked. A server that expects none, as
    # gRPC's do unless they are told to, hangs up.
    "grpc.keepalive_time_ms": 2**31 - 1,
    "grpc.keepalive_permit_without_calls": 0,
}
_ROWS_READ_AT_ONCE = 1_024  # of 64 KB at most: an answer may have 100 MB
_ROWS_WRITTEN_AT_ONCE = 1_000
_BYTES_AT_ONCE = 8_000_000
_UNREACHED = {2}
_SILENT = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"}
_MISSING = {100}
_BUSY = {3, 4, 7, 8, 9, 11, 12, 103, 106, 503}
"""No room, too many requests, or something is being loaded or recovered: of a full server only."""
_NO_ALIAS = {1600, *_MISSING}
_NOT_LOADED = 101
_NOT_ALLOWED = {1400, 1401}
_REFUSED = re.compile(r"unauthenticated|not authenticated|auth check fail|permission ?denied|privilege", re.I)
_LOST = re.compile(r"closed channel|channel closed|not ready", re.IGNORECASE)
_NO_TLS = {
    "CERTIFICATE_VERIFY_FAILED": (
        "shows a certificate that is not trusted: give the file of its authority as PINCITE_MILVUS_TLS"
    ),
    "WRONG_VERSION_NUMBER": "speaks no TLS: unset PINCITE_MILVUS_TLS",
}
"""What OpenSSL names so, as gRPC repeats it."""

Row = dict[str, Any]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a corpus is: ``milvus://host:port/collection``."""

    host: str
    port: int
    collection: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEME}{host}:{self.port}/{self.collection}"


def address_of(location: str) -> Address:
    """Return the parts of an address. Raises ``CorpusNotFound`` for one that names no collection."""
    advice = "write milvus://HOST:19530/NAME, a name of letters, digits and _"
    try:
        parts = urlsplit(location)
        port = parts.port or _PORT
    except ValueError as error:
        raise CorpusNotFound(f"{location} is no address of a corpus: {error}: {advice}") from None
    if parts.username or parts.password:
        raise CorpusNotFound("an address is shown and logged: give the token as PINCITE_MILVUS_TOKEN")
    name = parts.path.removeprefix("/")
    if not parts.hostname or not _NAME.fullmatch(name) or parts.query or parts.fragment:
        raise CorpusNotFound(f"{location} is no address of a corpus: {advice}")
    return Address(parts.hostname, port, name)


class MissingError(Exception):
    """A collection is not there; another process may have put a new one in its place."""


class _GoneError(Exception):
    """The server does not answer."""


class _NotLoadedError(Exception):
    """A collection is not ready to be searched, as after a start of Milvus Lite."""


class Server:
    """A Milvus server, connected to on first use. Safe to share between threads."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client: MilvusClient | None = None
        self._is_closed = False
        self._guard = threading.Lock()

    def target(self, alias: str) -> str | None:
        """Return the collection that ``alias`` stands for; None where it stands for none."""

        def ask(client: "MilvusClient") -> dict[str, Any]:
            from pymilvus import MilvusException

            try:
                return dict(client.describe_alias(alias, timeout=CALL_SECONDS))
            except MilvusException as error:
                if error.code not in _NO_ALIAS:
                    raise
                return {}

        return str(self._ask(ask).get("collection_name") or "") or None

    def has(self, collection: str) -> bool:
        """Whether there is a collection, or an alias, of that name."""
        return bool(self._ask(lambda client: client.has_collection(collection, timeout=CALL_SECONDS)))

    def create(self, collection: str, schema: "CollectionSchema", indexes: "IndexParams") -> None:
        """Make a collection, and have it loaded. Reads see what this process has written at once, and what
        others have within moments.
        """
        self._ask(
            lambda client: client.create_collection(
                collection, schema=schema, consistency_level="Session", timeout=CALL_SECONDS
            )
        )
        # Without waiting, half a second for each: an index of nothing is ready at once.
        self._ask(lambda client: client.create_index(collection, indexes, sync=False, timeout=CALL_SECONDS))
        self.load(collection)

    def load(self, collection: str) -> None:
        """Have a collection ready to be searched. Who may only read may not load, but see that it is."""

        def load(client: "MilvusClient") -> None:
            from pymilvus.client.types import LoadState

            found = client.get_load_state(collection, timeout=CALL_SECONDS)
            if found["state"] != LoadState.Loaded:
                client.load_collection(collection, timeout=_LOAD_SECONDS)

        self._ask(load)

    def drop(self, collection: str) -> None:
        """Drop a collection, if it is there."""
        self._ask(lambda client: client.drop_collection(collection, timeout=CALL_SECONDS))

    def name(self, alias: str, collection: str) -> None:
        """Have ``alias``, which stands for nothing yet, stand for ``collection``. Where another has been
        quicker, that stays.
        """

        def create(client: "MilvusClient") -> None:
            from pymilvus import MilvusException

            try:
                client.create_alias(collection_name=collection, alias=alias, timeout=CALL_SECONDS)
            except MilvusException:
                if self.target(alias) is None:
                    raise

        self._ask(create)

    def rename(self, alias: str, collection: str) -> None:
        """Have ``alias`` stand for ``collection`` from now on."""
        self._ask(
            lambda client: client.alter_alias(collection_name=collection, alias=alias, timeout=CALL_SECONDS)
        )

    def upsert(self, collection: str, rows: Iterable[Row]) -> None:
        """Write rows, in batches. A row that is there is replaced: what is sent twice is there once."""
        batch: list[Row] = []
        size = 0
        for row in rows:
            batch.append(row)
            size += _size(row)
            if len(batch) >= _ROWS_WRITTEN_AT_ONCE or size >= _BYTES_AT_ONCE:
                self._upsert(collection, batch)
                batch, size = [], 0
        if batch:
            self._upsert(collection, batch)

    def delete(self, collection: str, expression: str) -> None:
        """Delete the rows that meet an expression."""
        self._ask(
            lambda client: client.delete(collection, filter=expression, timeout=CALL_SECONDS), collection
        )

    def get(
        self, collection: str, ids: Sequence[str], fields: Sequence[str], *, newest: bool = False
    ) -> list[Row]:
        """Return the rows with these ids, those that there are, in any order."""
        found: list[Row] = []
        for start in range(0, len(ids), _ROWS_READ_AT_ONCE):
            arguments = {"ids": list(ids[start : start + _ROWS_READ_AT_ONCE]), "output_fields": list(fields)}
            found += self._ask(partial(_got, collection, arguments | _level(newest)), collection)
        return found

    def make_ready(self, collection: str) -> None:
        """Have a collection ready to be read, and wait until reads see all that was written, by whomever."""
        self.load(collection)
        self.get(collection, [""], ["id"], newest=True)

    def some(
        self, collection: str, expression: str, fields: Sequence[str], count: int, *, newest: bool = False
    ) -> list[Row]:
        """Return at most ``count`` of the rows that meet an expression."""

        def ask(client: "MilvusClient") -> list[Row]:
            return list(
                client.query(
                    collection,
                    filter=expression,
                    output_fields=list(fields),
                    limit=count,
                    timeout=CALL_SECONDS,
                    **_level(newest),
                )
            )

        return self._ask(ask, collection)

    def all(
        self, collection: str, expression: str, fields: Sequence[str], *, newest: bool = False
    ) -> Iterator[Row]:
        """Yield all the rows that meet an expression, in the order of their ids."""
        few = self.some(collection, expression, ["id", *fields], _ROWS_READ_AT_ONCE, newest=newest)
        if len(few) < _ROWS_READ_AT_ONCE:  # one call, where an iterator takes several
            yield from sorted(few, key=lambda row: str(row["id"]))
            return
        iterator = self._ask(
            lambda client: client.query_iterator(
                collection,
                filter=expression,
                output_fields=["id", *fields],
                batch_size=_ROWS_READ_AT_ONCE,
                timeout=CALL_SECONDS,
                **_level(newest),
            ),
            collection,
        )
        try:
            while rows := self._ask(lambda _: list(iterator.next()), collection):
                yield from rows
        finally:
            iterator.close()

    def search(
        self,
        collection: str,
        field: str,
        query: object,
        count: int,
        expression: str,
        fields: Sequence[str],
        parameters: Mapping[str, object],
    ) -> list[Row]:
        """Return the ``count`` best rows for a query, best first, each with its ``id``, ``distance`` and
        ``fields``.
        """
        [hits] = self._ask(
            lambda client: client.search(
                collection,
                data=[query],
                anns_field=field,
                limit=count,
                filter=expression,
                output_fields=list(fields),
                search_params={"params": dict(parameters)},
                timeout=CALL_SECONDS,
            ),
            collection,
        )
        return [{"id": hit["id"], "distance": hit["distance"], **hit["entity"]} for hit in hits]

    def close(self) -> None:
        """Let go of the connection. Closing twice does no harm."""
        with self._guard:
            self._is_closed = True
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _upsert(self, collection: str, rows: list[Row]) -> None:
        self._ask(lambda client: client.upsert(collection, rows, timeout=CALL_SECONDS), collection)

    def _ask(self, call: "Callable[[MilvusClient], Answer]", collection: str = "") -> Answer:
        """Call the server, and say what has happened where that fails.

        One that is gone is waited for, for some seconds: it may have been started again. Then ``collection``
        may have to be loaded again. A call that is made twice does no harm.
        """
        patience = (
            _PATIENCE_SECONDS if self._client is not None else min(_PATIENCE_SECONDS, _AT_FIRST_SECONDS)
        )
        patient_until = time.monotonic() + patience
        while True:
            client = self._connected()
            try:
                with self._told():
                    return call(client)
            except _NotLoadedError:
                self.load(collection)
            except _GoneError as error:
                if time.monotonic() > patient_until:
                    raise CorpusUnavailable(str(error)) from error
                time.sleep(_PAUSE_SECONDS)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what has happened where a call fails."""
        import grpc
        from pymilvus import MilvusException

        try:
            yield
        except (MilvusException, grpc.RpcError) as error:
            raise self._explained(error) from error

    def _connected(self) -> "MilvusClient":
        with self._guard:
            if self._is_closed:
                raise ValueError("the corpus is closed: open it again")
            self._client = self._client or self._connect()
            return self._client

    def _connect(self) -> "MilvusClient":
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it logs on standard error is raised, too
        try:
            from pymilvus import MilvusClient
        except ModuleNotFoundError:
            raise PinciteError(
                f'{self._address} needs pymilvus: run `pip install "pincite[scale]"`'
            ) from None
        for name in ("pymilvus", "grpc"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what they log is raised, too
        tls = os.environ.get("PINCITE_MILVUS_TLS", "")
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        try:
            with self._told():
                return MilvusClient(
                    f"{'https' if tls else 'http'}://{host}:{self._address.port}",
                    token=os.environ.get("PINCITE_MILVUS_TOKEN", ""),
                    timeout=_CONNECT_SECONDS,
                    secure=bool(tls),
                    grpc_options=_CONNECTION,
                    dedicated=True,  # else it is shared, also when it has failed another
                    **({"server_pem_path": tls} if tls not in ("", "1") else {}),
                )
        except _GoneError as error:
            raise CorpusUnavailable(str(error)) from error
        except OSError as error:
            raise CorpusUnavailable(
                f"PINCITE_MILVUS_TLS names {tls}, which cannot be read: {error.strerror}:"
                " give 1, or the file of a certificate authority"
            ) from error

    def _explained(self, error: Exception) -> Exception:
        """Return what to raise for an error of pymilvus's or gRPC's."""
        message = " ".join(str(getattr(error, "message", "") or getattr(error, "details", str)()).split())
        code, (status, details) = getattr(error, "code", None), _of_grpc(error)
        if (
            status in ("UNAUTHENTICATED", "PERMISSION_DENIED")
            or code in _NOT_ALLOWED
            or _REFUSED.search(message)
        ):
            return CorpusUnavailable(
                f"{self._address} does not let us in: {message}: set PINCITE_MILVUS_TOKEN"
            )
        for problem, explanation in _NO_TLS.items():
            if problem in details:
                return CorpusUnavailable(f"{self._address} {explanation}")
        if code in _MISSING:
            return MissingError(message)
        if code == _NOT_LOADED:
            return _NotLoadedError(message)
        if status in _SILENT or code in _UNREACHED or _LOST.search(message):
            return _GoneError(f"no Milvus server answers at {self._address}: start it, or name another")
        if code in _BUSY or status == "RESOURCE_EXHAUSTED":
            return CorpusUnavailable(f"{self._address} cannot do so now: {message}: try again")
        return CorpusDamaged(f"{self._address} cannot be used: {message}")


def _got(collection: str, arguments: Mapping[str, Any], client: "MilvusClient") -> list[Row]:
    return list(client.get(collection, timeout=CALL_SECONDS, **arguments))


def _of_grpc(error: BaseException | None) -> tuple[str, str]:
    """Return the name of the gRPC status that an error tells of, or was caused by, and what gRPC says of it;
    empty for none.
    """
    import grpc

    if isinstance(error, grpc.RpcError):
        return str(error.code().name), str(error.details())
    found = getattr(error, "code", None)
    if isinstance(found, grpc.StatusCode):
        return str(found.name), str(error)
    if error is None or error.__cause__ is error:  # pymilvus raises some from themselves
        return "", ""
    return _of_grpc(error.__cause__)


def _level(newest: bool) -> dict[str, str]:
    """Return the argument for reading everything that was written before, by whomever."""
    return {"consistency_level": "Strong"} if newest else {}


def _size(row: Row) -> int:
    """Return roughly how many bytes a row takes on its way."""
    return sum(
        len(value.encode()) if isinstance(value, str) else 4 * len(value)
        for value in row.values()
        if hasattr(value, "__len__")
    )
