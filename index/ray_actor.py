"""What runs in a Ray actor: it says which pincite is installed there before it uses anything of it.

This module travels to the actor by value, and imports nothing of pincite before that is asked for: so even a
machine that has none can say so.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pincite.index.encoder_files import EncoderIdentity
    from pincite.index.vectors import Matrix
    from pincite.index.worker import Outcome, Pages, Sent, Worker


def installed_version() -> str:
    """Return the version of pincite that is installed here, or that there is none."""
    try:
        return version("pincite")
    except PackageNotFoundError:
        return "none"


class PinciteWorker:
    """A ``Worker`` for one that is in another process."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    def host(self) -> str:
        return socket.gethostname()

    def version(self) -> str:
        return installed_version()

    def prepare(self, identity: EncoderIdentity) -> None:
        """Load the encoder, before anything else is asked. Raises ``EncoderMismatch`` where its vectors are
        not those of ``identity``, and ``EncoderUnavailable`` where there is none of its name.
        """
        from pincite.index.errors import EncoderMismatch, EncoderUnavailable
        from pincite.index.loaded_encoders import load_same
        from pincite.index.worker import Worker

        try:
            self._worker = Worker(load_same(identity))
        except (EncoderMismatch, EncoderUnavailable) as error:
            raise type(error)(f"on {self.host()}, a machine of the Ray cluster: {error}") from None

    def read(self, files: Sequence[Sent]) -> Iterator[Pages | Outcome]:
        yield from self._prepared().read(files)

    def encode(self, texts: Sequence[str]) -> Matrix:
        return self._prepared().encode(texts)

    def _prepared(self) -> Worker:
        if self._worker is None:
            raise RuntimeError("the worker has not been prepared")
        return self._worker
