"""What a ``Corpus`` asks of the place that it is kept in: a folder, or a Milvus server.

``FolderStore`` and ``milvus.MilvusStore`` are the two. A store gives snapshots to read and transactions to
change; who may write, how what was written is searched, and what is checked is its own matter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import Encoder, EncoderIdentity
from pincite.index.filters import Where
from pincite.index.loaded_encoders import LoadedEncoders
from pincite.index.passages import Passage, PassagePlace
from pincite.index.records import DocumentInfo, Prepared, Receipt, Stored, StoredFile
from pincite.index.retrieval import Hit
from pincite.index.vectors import Matrix

if TYPE_CHECKING:
    from pincite.index.backup import Backup
    from pincite.index.ingestion import Progress


class Snapshot(Protocol):
    """A corpus for reading: in a folder as it was at one time; on a server each look is at the newest."""

    @property
    def uid(self) -> str:
        """What tells this corpus from all others."""

    @property
    def generation(self) -> int:
        """Every change raises it by one."""

    @property
    def encoder(self) -> EncoderIdentity:
        """What made the vectors."""

    def file_fingerprint(self, source: str) -> str | None:
        """Return the fingerprint of a file; None for one that there is not."""

    def is_text(self, source: str) -> bool:
        """Whether ``source`` names text in hand."""

    def file_receipt(self, source: str) -> Receipt:
        """Return what is stored of a file that has not changed, as a receipt."""

    def file_sources(self) -> list[str]:
        """Return the sources of all files, text in hand left out."""

    def base_of(self, source: str) -> str:
        """Return the folder that a file's source was named from; empty where it is the store's own."""

    def files_named(self, source: str) -> list[str]:
        """Return the files whose source is ``source`` or, failing that, ends in its path parts."""

    def files_of(self, document_ids: Iterable[str]) -> list[str]:
        """Return the sources of the files that documents are in."""

    def totals(self) -> tuple[int, int, int, int, int]:
        """Return how many files, documents, groups, passages and characters there are."""

    def documents(self, document_id: str | None = None) -> list[DocumentInfo]:
        """Return a row per document, by source; or the row of the one with this id."""

    def documents_named(self, source: str) -> dict[str, str]:
        """Return sources with their ids: of the document whose id or source is ``source`` or, failing that,
        of those whose source ends in its parts.
        """

    def documents_of_length(self, characters: int) -> list[str]:
        """Return the ids of the documents with so many characters, by source."""

    def text(self, document_id: str) -> str | None:
        """Return a document's text."""

    def stored(self, document_id: str) -> Stored | None:
        """Return a document with its content."""

    def vectors_by_key(self, keys: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of those ``keys`` that name a text which is already encoded."""

    def sample(self, most: int) -> tuple[int, list[Passage], Matrix]:
        """Return how many passages there are, and all of them or ``most``, spread over the documents, in
        order, with their vectors, float32, (n, dim).
        """

    def vectors_at(self, places: Iterable[PassagePlace]) -> dict[PassagePlace, NDArray[np.float32]]:
        """Return the vectors of the passages at ``places``, those that there are."""

    def stored_files(self) -> Iterator[StoredFile]:
        """Yield every file with all that is kept of it but the vectors."""


class Changes(Protocol):
    """A change of a corpus that is being made."""

    def add_file(
        self,
        source: str,
        fingerprint: str,
        prepared: Sequence[Prepared],
        *,
        is_text: bool = False,
        base: str = "",
    ) -> None:
        """Store a file, in place of what there was of it; ``is_text``: it is text in hand under a file's
        name; ``base``: its source was named from this folder, not from the store's. Raises
        ``UnsupportedDocument`` for one that there is no room for, and changes nothing by it.
        """

    def remove_file(self, source: str) -> None:
        """Remove a file with all its documents, if there is one."""

    def set_is_text(self, source: str, is_text: bool) -> None:
        """Note whether what is stored under ``source`` is text in hand."""


class Store(Protocol):
    """The place that a corpus is kept in. Safe to share between threads."""

    base: Path
    """The folder that sources are named from, and found in again."""
    files_at_once: int
    """So many files may be stored in one transaction."""

    name: str
    """Where the corpus is, for people."""
    folder: Path | None
    """The corpus's folder, where it has one: absolute, and files in it are no documents."""

    def open(self, create: bool, new_encoder: Callable[[], EncoderIdentity]) -> None:
        """See to it that there is a corpus here, of this version's layout. A new one is for the vectors of
        ``new_encoder()``.

        Raises ``CorpusNotFound`` where there is none and none may be created, ``CorpusDamaged`` where what is
        there cannot be read.
        """

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Read the corpus as it is now."""

    def transaction(self) -> AbstractContextManager[Changes]:
        """Change the corpus: each file whole or not at all; under ``writing``."""

    def writing(self) -> AbstractContextManager[None]:
        """Be the one who writes. Raises ``CorpusLocked`` where another process or thread is."""

    def settle(self) -> None:
        """Put in order what makes searches quick, after a change, which is already safe and found."""

    def search(self, query: str, top_k: int, where: Where | None, encoders: LoadedEncoders) -> list[Hit]:
        """Return the best hits for a query that is not empty."""

    def size(self) -> int:
        """Return how many bytes the corpus takes; 0 where that cannot be told."""

    def verify(self) -> list[str]:
        """Return what is wrong with the corpus, a sentence each."""

    def reencode(self, encoder: Encoder, tell: "Callable[[Progress], None]") -> None:
        """Change the corpus over to another encoder; under ``writing``."""

    def backup(self, file: str | Path, *, overwrite: bool) -> "Backup":
        """Write the corpus to one file."""

    def close(self) -> None:
        """Let go of files and connections. Closing twice does no harm."""
