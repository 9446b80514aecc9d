"""Splits and encodes a corpus again for another encoder, while the old vectors serve.

First every text is encoded and its vector set aside in ``staged``, a transaction a document, so that a run
that is broken off has only the rest left to do. Then all documents change over in one transaction.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pincite.index.database import Database
from pincite.index.encoder import Encoder
from pincite.index.ingestion import Progress, prepare_again


def reencode(database: Database, encoder: Encoder, tell: Callable[[Progress], None]) -> None:
    """Change the corpus over to ``encoder``; under the write lock."""
    identity = encoder.identity
    name = f"{identity.weights_sha256} {identity.dimension} {identity.precision}"
    with database.transaction() as writer:
        writer.drop_staged(except_of=name)
    with database.snapshot() as snapshot:
        rows = snapshot.document_rows()

    def staged(keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        with database.snapshot() as snapshot:
            return snapshot.staged_vectors(name, identity.dimension, keys)

    for done, row in enumerate(rows):
        with database.snapshot() as snapshot:
            stored = snapshot.stored_document(row)
        tell(Progress(stored.source, done, len(rows)))
        prepared = prepare_again(stored, encoder, staged)
        with database.transaction() as writer:
            writer.stage(name, prepared)
    with database.transaction() as writer:
        for row in rows:
            with database.snapshot() as snapshot:
                stored = snapshot.stored_document(row)
            writer.replace_passages(row, prepare_again(stored, encoder, staged))
        writer.set_encoder(identity)
        writer.drop_staged()
    tell(Progress("", len(rows), len(rows)))
