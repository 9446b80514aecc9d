"""A corpus: the searchable collection of a person's documents.

Where it is kept is a ``Store``'s matter: a folder's (``folder_store``) or a server's (``milvus``). Finding
and reading files is left to ``sources`` and ``formats``, ranking to ``retrieval``.

What only writing and checking need is imported for these: it would be a tenth of what is imported for a
question.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pincite.index.corpus_map import MOST_POINTS, CorpusMap, LiveMap
from pincite.index.encoder import DEFAULT_ENCODER, Encoder, EncoderIdentity, check_precision
from pincite.index.errors import DocumentNotFound, EncoderMismatch, PinciteError
from pincite.index.filters import Scalar, Where, plain
from pincite.index.folder_store import FolderStore
from pincite.index.loaded_encoders import LoadedEncoders
from pincite.index.location import corpus_folder
from pincite.index.passages import Passage
from pincite.index.records import DocumentInfo, Receipt
from pincite.index.retrieval import Hit
from pincite.index.store import Snapshot, Store

if TYPE_CHECKING:
    from pincite.index.backup import Backup
    from pincite.index.document import Document
    from pincite.index.formats.process import ReadingProcess
    from pincite.index.ingestion import Progress
    from pincite.index.offers import Ahead, Offer, OnPage

_SETTLED_AT_ONCE = 256
"""Passages that are stored before the indexes are put in order again."""


@dataclass(frozen=True, slots=True)
class Stats:
    """The size of a corpus. ``characters`` counts code points, ``bytes`` everything in its folder: 0 for a
    corpus on a server.
    """

    location: str
    files: int
    documents: int
    groups: int
    passages: int
    characters: int
    bytes: int
    generation: int
    encoder: EncoderIdentity


class Corpus:
    """Open one with ``Corpus.open``; a ``with`` block closes it. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._encoders = LoadedEncoders(store.name)
        self._reading: ReadingProcess | None = None
        self._map = LiveMap()

    @classmethod
    def open(
        cls,
        location: str | Path = ".pincite",
        *,
        create: bool = True,
        encoder: str | Encoder | None = None,
        precision: str | None = None,
    ) -> Self:
        """Open the corpus in the folder ``location``, or on a Milvus server: "milvus://host:19530/name".
        Create one where the folder is absent or empty, or where the server has nothing of that name.

        ``encoder`` is a sentence-transformers model's name or path, or an ``Encoder``; None means the
        corpus's own, and the default for a new one. ``precision`` is that of its vectors, "float32" or
        "int8"; None means the corpus's own, and for a new one what is quicker on this processor.

        Raises ``CorpusNotFound`` where there is none and none may be created, ``EncoderMismatch`` where
        another encoder made it, or another precision, ``EncoderUnavailable`` where a new one cannot have the
        encoder, ``CorpusDamaged`` where its database cannot be read, ``CorpusUnavailable`` where the server
        does not answer or refuses.
        """
        check_precision(precision)
        corpus = cls(_store_at(location))
        try:
            corpus._store.open(
                create, lambda: corpus._encoders.new(encoder or DEFAULT_ENCODER, precision).identity
            )
            corpus._check_encoder(encoder, precision)
        except BaseException:
            corpus.close()
            raise
        return corpus

    @classmethod
    def restore(
        cls, file: str | Path, location: str | Path = ".pincite", *, encoder: str | Encoder | None = None
    ) -> Self:
        """Make a corpus of the backup ``file`` in the folder ``location``, absent or empty, and open it. Its
        documents keep their sources and ids.

        Raises ``PinciteError`` where the file cannot be read or ``location`` holds a corpus already,
        ``CorpusDamaged`` where the file is no sound backup, ``CorpusNotFound`` where ``location`` holds
        something else; then nothing is left behind. ``encoder`` is as for ``open``: where another one made
        the corpus, it is restored, and ``EncoderMismatch`` raised.
        """
        from pincite.index.backup import restoring

        with (
            restoring(file, location) as place,
            cls.open(place, create=False) as corpus,
            corpus._store.writing(),
        ):
            corpus._store.settle()
        return cls.open(location, create=False, encoder=encoder)

    @property
    def location(self) -> Path:
        """The corpus's folder, absolute. Raises ``PinciteError`` for a corpus on a server."""
        if self._store.folder is None:
            raise PinciteError(f"{self._store.name} is on a server, not in a folder")
        return self._store.folder

    @property
    def is_on_server(self) -> bool:
        """Whether it is kept on a server, and not in a folder."""
        return self._store.folder is None

    @property
    def base(self) -> Path:
        """The folder that sources are named from: the one that holds the corpus's or, for a corpus on a
        server, the one that the process was in.
        """
        return self._store.base

    @property
    def encoder(self) -> Encoder:
        """The corpus's encoder, loaded on first use. Raises ``EncoderMismatch`` if its weights changed."""
        with self._store.snapshot() as snapshot:
            return self._encoders.of(snapshot.encoder)

    def add(
        self,
        *paths: str | Path,
        metadata: Mapping[str, Scalar] | None = None,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        password: str | None = None,
        prune: bool = False,
        progress: "Callable[[Progress], None] | None" = None,
        ray: str | None = None,
    ) -> list[Receipt]:
        """Index files, folders and globs; return a receipt per file.

        Each file is stored whole or not at all. An unchanged one is skipped, a changed one replaced; one that
        is missing or cannot be read gets a receipt that says why, and what the corpus held of it stays.
        ``metadata`` is set on every document, ``include`` and ``exclude`` are patterns for the files of a
        folder. A file that the corpus holds and that is gone from a given folder has vanished: its receipt
        says so, and ``prune`` removes it, unless it was indexed from elsewhere. ``ray`` has files read and
        encoded on a Ray cluster: HOST:PORT, "auto" for the one that runs here, "local" for one of our own.

        Raises ValueError for metadata that cannot be stored, ``CorpusLocked`` while another process writes,
        and ``PinciteError`` where there is no such cluster.
        """
        from pincite.index.adding import look_after_vanished
        from pincite.index.ingestion import Progress, checked_metadata
        from pincite.index.offers import Offer
        from pincite.index.sources import find_files, source_name

        tell = progress or (lambda _: None)
        given = checked_metadata(metadata or {})
        found = find_files(paths, include, exclude, skip=self._store.folder)
        offers = [
            Offer(
                source_name(one.path, self._store.base),
                one.content,
                partial(self._read, one.path.name, password),
                given,
                name=one.path.name,
                password=password,
            )
            for one in found
        ]
        with self._store.writing():
            receipts = self._stored(offers, tell, ray)
            present = {offer.source for offer in offers}
            receipts += look_after_vanished(self._store, paths, present, prune)
            self._store.settle()
        if found:
            tell(Progress("", len(found), len(found)))
        return receipts

    def add_text(self, text: str, *, source: str, metadata: Mapping[str, Scalar] | None = None) -> Receipt:
        """Index text in hand under the name ``source``, as ``add`` indexes a file."""
        from pincite.index.formats import text_document, with_text
        from pincite.index.ingestion import checked_metadata
        from pincite.index.offers import Offer

        if not source.strip() or "\x00" in source:
            raise ValueError(f"{source!r} cannot name a text: give it a source such as notes/today.md")
        plain("source", source)
        given = checked_metadata(metadata or {})
        document = text_document(text, is_markdown=source.lower().endswith((".md", ".markdown")))
        offer = Offer(
            source,
            document.text.encode,
            lambda _content, _on_page: (with_text(document),),
            given,
            is_text=True,
        )
        with self._store.writing():
            [receipt] = self._stored([offer], lambda _: None)
        return receipt

    def remove(self, source: str) -> Receipt:
        """Remove a file and its documents, named by its source or the last parts of it.

        Raises ``DocumentNotFound`` if nothing, or more than one file, has that name, or a document in a file
        has it, which cannot be removed alone.
        """
        with self._store.writing():
            with self._store.snapshot() as snapshot:
                found = snapshot.files_named(source)
                inside = [] if found else snapshot.files_of(snapshot.documents_named(source).values())
            if inside:
                raise DocumentNotFound(f"{source} is a part of {inside[0]}: remove that file to remove it")
            name = _only(found, source, self._store.name)
            with self._store.transaction() as writer:
                writer.remove_file(name)
            self._store.settle()
        return Receipt(name, "removed")

    def search(self, query: str, *, top_k: int = 10, where: Where | None = None) -> list[Hit]:
        """Return the ``top_k`` passages nearest to ``query``, best first, among those whose document meets
        ``where``.

        Raises ValueError for an empty query, a ``top_k`` below 1, or a field in ``where`` that no document
        has.
        """
        if not query.strip():
            raise ValueError("the query is empty")
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {top_k}")
        return self._store.search(query, top_k, where, self._encoders)

    def documents(self) -> list[DocumentInfo]:
        """Return what the corpus holds, a row per document, by source."""
        with self._store.snapshot() as snapshot:
            return snapshot.documents()

    def document(self, document_id: str) -> DocumentInfo:
        """Return what the corpus holds of one document. Raises ``DocumentNotFound``."""
        with self._store.snapshot() as snapshot:
            found = snapshot.documents(document_id)
        if not found:
            raise DocumentNotFound(f"no document {document_id} in {self._store.name}")
        return found[0]

    def text(self, document_id: str) -> str:
        """Return the text that every span of the document counts in. Raises ``DocumentNotFound``."""
        with self._store.snapshot() as snapshot:
            text = snapshot.text(document_id)
        if text is None:
            raise DocumentNotFound(f"no document {document_id} in {self._store.name}")
        return text

    def find(self, source: str) -> str:
        """Return the id of the document named by its source, the last parts of it, or its id.

        Raises ``DocumentNotFound`` if nothing, or more than one document, has that name.
        """
        with self._store.snapshot() as snapshot:
            found = snapshot.documents_named(source)
        return found[_only(list(found), source, self._store.name)]

    def page_image(
        self,
        document_id: str,
        start: int = 0,
        end: int = 0,
        *,
        page: int | None = None,
        password: str | None = None,
    ) -> bytes:
        """Return a page of a PDF as a PNG, with the characters from ``start`` to ``end`` marked on it.
        ``page`` counts from 1; None is the one on which ``start`` lies.

        The file must still be there. Raises ``DocumentNotFound``, ``UnsupportedDocument`` where the document
        has no pages or its file is gone or has changed, and ValueError for a span or page that it has not.
        """
        from pincite.index.page_images import page_image

        return page_image(self._store, document_id, start, end, page, password)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Yield one generation of the corpus, for several looks that belong together, whatever is written
        meanwhile. On a server each look is at the newest, and a document is whole.
        """
        with self._store.snapshot() as snapshot:
            yield snapshot

    def map(
        self, question: str = "", passages: Sequence[Passage] = (), *, most: int = MOST_POINTS
    ) -> CorpusMap:
        """Return the corpus's passages as points on a plane, near to what says something similar, and where a
        question and ``passages`` are among them. Of more than ``most`` passages a sample is shown.

        Raises ValueError for a ``most`` below 1.
        """
        if most < 1:
            raise ValueError(f"most must be at least 1, got {most}")
        with self._store.snapshot() as snapshot:
            encoder = self._encoders.of(snapshot.encoder) if question.strip() else None
            return self._map.of(snapshot, encoder, question, passages, most)

    def stats(self) -> Stats:
        """Return the corpus's size and encoder."""
        with self._store.snapshot() as snapshot:
            files, documents, groups, passages, characters = snapshot.totals()
            return Stats(
                self._store.name,
                files,
                documents,
                groups,
                passages,
                characters,
                self._store.size(),
                snapshot.generation,
                snapshot.encoder,
            )

    def verify(self) -> list[str]:
        """Check everything the corpus promises; return what was found wrong, a sentence each. Empty: it is
        sound.
        """
        return self._store.verify()

    def reencode(
        self,
        encoder: str | Encoder,
        *,
        precision: str | None = None,
        progress: "Callable[[Progress], None] | None" = None,
    ) -> None:
        """Split and encode the stored texts again for another encoder, or in another ``precision``, "float32"
        or "int8"; None is what is quicker on this processor.

        The old vectors serve until the new ones are complete, then all change at once. A run that was broken
        off goes on where it stopped.
        """
        check_precision(precision)
        new = self._encoders.new(encoder, precision)
        with self._store.writing():
            self._store.reencode(new, progress or (lambda _: None))

    def copy(
        self, location: str | Path, *, progress: "Callable[[Progress], None] | None" = None
    ) -> list[Receipt]:
        """Copy everything to the corpus at ``location``, which is created where there is none; return a
        receipt per file. Nothing is encoded again. What that corpus holds besides stays, and a copy that was
        broken off goes on where it stopped.

        Raises ``EncoderMismatch`` where another encoder made the corpus at ``location``.
        """
        from pincite.index.refilling import refill

        with self._store.snapshot() as snapshot:
            encoder = self._encoders.of(snapshot.encoder)
            with Corpus.open(location, encoder=encoder) as target, target._store.writing():
                if target._store.name == self._store.name:
                    raise PinciteError(f"{self._store.name} cannot be copied into itself")
                files = snapshot.totals()[0]
                tell, base = progress or (lambda _: None), str(self._store.base)
                stored = (replace(file, base=file.base or base) for file in snapshot.stored_files())
                receipts = list(refill(stored, files, target._store, encoder, snapshot.vectors_by_key, tell))
                target._store.settle()
        return receipts

    def backup(self, file: str | Path, *, overwrite: bool = False) -> "Backup":
        """Write the corpus to one file, as it is now, while others may go on writing.

        The file is there whole or not at all. Raises ``PinciteError`` where there is one already, unless it
        may be overwritten, and where it cannot be written.
        """
        return self._store.backup(file, overwrite=overwrite)

    def close(self) -> None:
        """Close the corpus's files: a search that is under way is finished, any further use is a ValueError.
        Closing twice does no harm.
        """
        if self._reading is not None:
            self._reading.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_encoder(self, encoder: str | Encoder | None, precision: str | None) -> None:
        """Raise ``EncoderMismatch`` unless what was asked for is the corpus's own."""
        if encoder is None and precision is None:
            return
        with self._store.snapshot() as snapshot:
            stored = snapshot.encoder
        if precision not in {None, stored.precision}:
            raise EncoderMismatch(
                f"{self._store.name} was built in {stored.precision}, not {precision}: "
                f"run `pincite reencode --precision {precision}`"
            )
        if encoder is not None and encoder != stored.name:
            self._encoders.check(stored, encoder)

    def _stored(
        self, offers: "Sequence[Offer]", tell: "Callable[[Progress], None]", ray: str | None = None
    ) -> list[Receipt]:
        from pincite.index.adding import stored

        receipts = []
        unsettled = _SETTLED_AT_ONCE  # the first file, so that there are indexes whatever happens
        for receipt in stored(offers, self._store, self._ahead(offers, ray), tell):
            receipts.append(receipt)
            unsettled += receipt.passages
            if unsettled >= _SETTLED_AT_ONCE:
                self._store.settle()
                unsettled = 0
        self._store.settle()
        return receipts

    def _ahead(self, offers: "Sequence[Offer]", ray: str | None) -> "Ahead":
        """Return who reads and encodes: this process, or the workers of a Ray cluster."""
        if ray is None:
            from pincite.index.read_ahead import ReadAhead

            return ReadAhead(offers, self._store, lambda: self.encoder, self._interrupt_reading)
        from pincite.index.ray_cluster import RayCluster
        from pincite.index.spread import Spread

        with self._store.snapshot() as snapshot:
            cluster = RayCluster(ray, snapshot.encoder)
        return Spread(offers, self._store, cluster.connect)

    def _read(
        self, name: str, password: str | None, content: bytes, on_page: "OnPage"
    ) -> "Sequence[Document]":
        from pincite.index.formats import File
        from pincite.index.formats.process import ReadingProcess

        if self._reading is None:  # whoever comes here holds the write lock
            self._reading = ReadingProcess()
        return self._reading.read(File(name, content, password, on_page))

    def _interrupt_reading(self) -> None:
        if self._reading is not None:
            self._reading.interrupt()


def _store_at(location: str | Path) -> Store:
    if not str(location).startswith("milvus:"):
        return FolderStore(corpus_folder(location))
    from pincite.index.milvus.server import address_of
    from pincite.index.milvus.store import MilvusStore

    return MilvusStore(address_of(str(location)))


def _only(found: Sequence[str], name: str, location: str) -> str:
    if not found:
        raise DocumentNotFound(f"no document named {name!r} in {location}: see `pincite list`")
    if len(found) > 1:
        raise DocumentNotFound(
            f"{name} fits {len(found)} documents: give more of the path of one of {', '.join(found)}"
        )
    return found[0]
