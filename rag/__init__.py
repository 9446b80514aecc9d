"""pincite answers questions from your own documents, with pinpoint citations.

    import pincite

    corpus = pincite.Corpus.open("my-corpus")
    corpus.add("reports/", "notes.md")
    answer = pincite.ask("which bank built 30 internal tools?", corpus)

Names are loaded when they are first used, so that importing pincite, or asking for help, costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pincite.answering import ask, stream
    from pincite.answers import Answer, Citation, Claim, Turn
    from pincite.bundle_format import Bundle
    from pincite.bundles import BundleReport, bundle, verify_bundle
    from pincite.index.corpus import Corpus, Stats
    from pincite.index.encoder import EncoderIdentity
    from pincite.index.errors import (
        AnswererUnavailable,
        CorpusDamaged,
        CorpusLocked,
        CorpusNotFound,
        CorpusUnavailable,
        DocumentNotFound,
        EncoderMismatch,
        EncoderUnavailable,
        PinciteError,
        UnsupportedDocument,
    )
    from pincite.index.explaining import Explanation, explain
    from pincite.index.ingestion import Progress
    from pincite.index.passages import Passage
    from pincite.index.records import DocumentInfo, Receipt
    from pincite.index.retrieval import Hit

__all__ = [
    "Answer",
    "AnswererUnavailable",
    "Bundle",
    "BundleReport",
    "Citation",
    "Claim",
    "Corpus",
    "CorpusDamaged",
    "CorpusLocked",
    "CorpusNotFound",
    "CorpusUnavailable",
    "DocumentInfo",
    "DocumentNotFound",
    "EncoderIdentity",
    "EncoderMismatch",
    "EncoderUnavailable",
    "Explanation",
    "Hit",
    "Passage",
    "PinciteError",
    "Progress",
    "Receipt",
    "Stats",
    "Turn",
    "UnsupportedDocument",
    "ask",
    "bundle",
    "explain",
    "stream",
    "verify_bundle",
]

_MODULES = {
    "pincite.answering": ("ask", "stream"),
    "pincite.answers": ("Answer", "Citation", "Claim", "Turn"),
    "pincite.bundle_format": ("Bundle",),
    "pincite.bundles": ("BundleReport", "bundle", "verify_bundle"),
    "pincite.index.corpus": ("Corpus", "Stats"),
    "pincite.index.encoder": ("EncoderIdentity",),
    "pincite.index.errors": (
        "AnswererUnavailable",
        "CorpusDamaged",
        "CorpusLocked",
        "CorpusNotFound",
        "CorpusUnavailable",
        "DocumentNotFound",
        "EncoderMismatch",
        "EncoderUnavailable",
        "PinciteError",
        "UnsupportedDocument",
    ),
    "pincite.index.explaining": ("Explanation", "explain"),
    "pincite.index.ingestion": ("Progress",),
    "pincite.index.passages": ("Passage",),
    "pincite.index.records": ("DocumentInfo", "Receipt"),
    "pincite.index.retrieval": ("Hit",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
