"""What makes the page quick to come and to answer: nothing is collected while it starts, and what the first
question would wait for is loaded while a browser opens it.
"""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from pincite.answering import ask
from pincite.index.corpus import Corpus

_ANY_QUESTION = "What is this about?"
_LOG = logging.getLogger(__name__)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile, nor ever in what is made meanwhile: a tenth of the time in which gradio
    is imported went into that, and there is none in modules.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextmanager
def warming(corpus: Corpus) -> Iterator[None]:
    """Load encoder, indexes and reader in a thread of its own, which is waited for at the end: in the midst
    of loading a model it would take the process down.
    """
    thread = Thread(target=_load, args=(corpus,), name="pincite-warming")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _load(corpus: Corpus) -> None:
    """Ask something of one passage; a corpus without any needs nothing yet. What fails here fails again, and
    is told, when a person asks.
    """
    import matplotlib  # noqa: F401 - gradio's first event would import it while the page waits

    try:
        if corpus.stats().passages:
            ask(_ANY_QUESTION, corpus, top_k=1)
    except Exception:  # noqa: BLE001
        _LOG.debug("nothing could be loaded ahead of the first question", exc_info=True)
