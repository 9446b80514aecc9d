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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pincite.index.errors import CorpusDamaged, CorpusNotFound, CorpusUnavailable, PinciteError

if TYPE_CHECKING:
    from pymilvus import CollectionSchema, MilvusClient, MilvusException
    from pymilvus.milvus_client import IndexParams

SCHEME = "milvus://"
_PORT = 19530
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_CONNECT_SECONDS = 10
_CALL_SECONDS = 60
_LOAD_SECONDS = 1_800  # of a large collection that was released
_ROWS_READ_AT_ONCE = 256  # of 64 KB at most, so far from the 64 MB that a message may have
_ROWS_WRITTEN_AT_ONCE = 1_000
_BYTES_AT_ONCE = 8_000_000
_UNREACHED = {2}
_MISSING = {4, 100}
_NO_ALIAS = {100, 1600}  # the first is Milvus Lite's
_REFUSED = re.compile(r"auth|permission|privilege|token", re.IGNORECASE)

Row = dict[str, Any]


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


class Server:
    """A Milvus server, connected to on first use. Safe to share between threads."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client: MilvusClient | None = None
        self._is_closed = False
        self._guard = threading.Lock()

    def target(self, alias: str) -> str | None:
        """Return the collection that ``alias`` stands for; None where it stands for none."""
        from pymilvus import MilvusException

        with self._told() as client:
            try:
                found: dict[str, Any] = client.describe_alias(alias, timeout=_CALL_SECONDS)
            except MilvusException as error:
                if error.code not in _NO_ALIAS:
                    raise
                return None
        return str(found.get("collection_name") or "") or None

    def has(self, collection: str) -> bool:
        """Whether there is a collection, or an alias, of that name."""
        with self._told() as client:
            return bool(client.has_collection(collection, timeout=_CALL_SECONDS))

    def create(self, collection: str, schema: "CollectionSchema", indexes: "IndexParams") -> None:
        """Make a collection, and have it loaded. Reads see what this process has written at once, and what
        others have within moments.
        """
        with self._told() as client:
            client.create_collection(
                collection, schema=schema, consistency_level="Session", timeout=_CALL_SECONDS
            )
            # Without waiting, half a second for each: an index of nothing is ready at once.
            client.create_index(collection, indexes, sync=False, timeout=_CALL_SECONDS)
            client.load_collection(collection, timeout=_CALL_SECONDS)

    def load(self, collection: str) -> None:
        """Have a collection ready to be searched."""
        with self._told() as client:
            client.load_collection(collection, timeout=_LOAD_SECONDS)

    def drop(self, collection: str) -> None:
        """Drop a collection, if it is there."""
        with self._told() as client:
            client.drop_collection(collection, timeout=_CALL_SECONDS)

    def point(self, alias: str, collection: str) -> None:
        """Have ``alias`` stand for ``collection`` from now on."""
        is_known = self.target(alias) is not None
        with self._told() as client:
            change = client.alter_alias if is_known else client.create_alias
            change(collection_name=collection, alias=alias, timeout=_CALL_SECONDS)

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
        with self._told() as client:
            client.delete(collection, filter=expression, timeout=_CALL_SECONDS)

    def get(
        self, collection: str, ids: Sequence[str], fields: Sequence[str], *, newest: bool = False
    ) -> list[Row]:
        """Return the rows with these ids, those that there are, in any order."""
        if not ids:
            return []
        found: list[Row] = []
        for start in range(0, len(ids), _ROWS_READ_AT_ONCE):
            some = list(ids[start : start + _ROWS_READ_AT_ONCE])
            with self._told() as client:
                found += client.get(
                    collection, ids=some, output_fields=list(fields), timeout=_CALL_SECONDS, **_level(newest)
                )
        return found

    def some(
        self, collection: str, expression: str, fields: Sequence[str], count: int, *, newest: bool = False
    ) -> list[Row]:
        """Return at most ``count`` of the rows that meet an expression."""
        with self._told() as client:
            found: list[Row] = client.query(
                collection,
                filter=expression,
                output_fields=list(fields),
                limit=count,
                timeout=_CALL_SECONDS,
                **_level(newest),
            )
        return list(found)

    def all(
        self, collection: str, expression: str, fields: Sequence[str], *, newest: bool = False
    ) -> Iterator[Row]:
        """Yield all the rows that meet an expression, in the order of their ids."""
        with self._told() as client:
            iterator = client.query_iterator(
                collection,
                filter=expression,
                output_fields=["id", *fields],
                batch_size=_ROWS_READ_AT_ONCE,
                timeout=_CALL_SECONDS,
                **_level(newest),
            )
        try:
            while True:
                with self._told():
                    rows: list[Row] = iterator.next()
                if not rows:
                    return
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
        with self._told() as client:
            [hits] = client.search(
                collection,
                data=[query],
                anns_field=field,
                limit=count,
                filter=expression,
                output_fields=list(fields),
                search_params={"params": dict(parameters)},
                timeout=_CALL_SECONDS,
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
        with self._told() as client:
            client.upsert(collection, rows, timeout=_CALL_SECONDS)

    @contextmanager
    def _told(self) -> Iterator["MilvusClient"]:
        """Lend the client, and say what has happened where it fails."""
        client = self._connected()
        import grpc
        from pymilvus import MilvusException

        try:
            yield client
        except MilvusException as error:
            raise self._explained(error) from error
        except grpc.RpcError as error:
            raise CorpusUnavailable(f"{self._address} cannot be reached: {error}") from error

    def _connected(self) -> "MilvusClient":
        with self._guard:
            if self._is_closed:
                raise ValueError("the corpus is closed: open it again")
            self._client = self._client or self._connect()
            return self._client

    def _connect(self) -> "MilvusClient":
        try:
            from pymilvus import MilvusClient, MilvusException
        except ModuleNotFoundError:
            raise PinciteError(
                f'{self._address} needs pymilvus: run `pip install "pincite[scale]"`'
            ) from None
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what it logs is raised, too
        tls = os.environ.get("PINCITE_MILVUS_TLS", "")
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        try:
            return MilvusClient(
                f"{'https' if tls else 'http'}://{host}:{self._address.port}",
                token=os.environ.get("PINCITE_MILVUS_TOKEN", ""),
                timeout=_CONNECT_SECONDS,
                secure=bool(tls),
                **({"ca_pem_path": tls} if tls not in ("", "1") else {}),
            )
        except MilvusException as error:
            raise self._explained(error) from error

    def _explained(self, error: "MilvusException") -> Exception:
        message = " ".join(str(error.message).split())
        if error.code in _MISSING:
            return MissingError(message)
        if _REFUSED.search(message):
            return CorpusUnavailable(
                f"{self._address} does not let us in: {message}: set PINCITE_MILVUS_TOKEN"
            )
        if error.code in _UNREACHED:
            return CorpusUnavailable(
                f"no Milvus server answers at {self._address}: start it, or name another"
            )
        return CorpusDamaged(f"{self._address} cannot be used: {message}")


def _level(newest: bool) -> dict[str, str]:
    """Return the argument for reading everything that was written before, by whomever."""
    return {"consistency_level": "Strong"} if newest else {}


def _size(row: Row) -> int:
    """Return roughly how many bytes a row takes on its way."""
    return sum(
        len(value) * (1 if isinstance(value, str) else 4)
        for value in row.values()
        if hasattr(value, "__len__")
    )
