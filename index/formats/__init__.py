"""Turns a file into documents, one module per format.

A module has one function, ``read(file)``, which returns the documents in a ``File`` or raises
``UnsupportedDocument`` with the reason that the file's receipt then gives. Which one, is told by the first
bytes where a format has a signature, else by the ending; anything else that is text is read as text. Files
are only read: nothing that a document refers to is opened or fetched. A format's module, and the library
behind it, is imported when such a file is read, not when a question is asked.
"""

from collections.abc import Sequence
from importlib import import_module

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.file import File
from pincite.index.formats.kinds import SUFFIXES, format_of
from pincite.index.formats.markdown import markdown_document
from pincite.index.formats.text import plain_document, plain_text

__all__ = ["SUFFIXES", "VERSION", "File", "read_documents", "text_document", "with_text"]

VERSION = 2
"""Raised when files should be read again, because they would be read differently."""


def read_documents(file: File) -> tuple[Document, ...]:
    """Return the documents in a file, each with text in it.

    Whatever a format's library raises becomes an ``UnsupportedDocument`` that names it: one strange file does
    not stop the others.
    """
    if not file.content:
        raise UnsupportedDocument("the file is empty")
    try:
        documents: Sequence[Document] = import_module(f"{__name__}.{format_of(file)}").read(file)
    except UnsupportedDocument:
        raise
    except MemoryError as error:
        raise UnsupportedDocument("reading it takes more memory than a reader may use: split it") from error
    except RecursionError as error:
        raise UnsupportedDocument("its parts are nested too deeply to be read") from error
    except Exception as error:
        raise UnsupportedDocument(f"its reader failed: {type(error).__name__}: {error}") from error
    found = tuple(document for document in documents if has_text(document))
    return found or (with_text(Document("")),)


def text_document(text: str, *, is_markdown: bool = False) -> Document:
    """Return text in hand as a document."""
    text = plain_text(text)
    return markdown_document(text) if is_markdown else plain_document(text)


def has_text(document: Document) -> bool:
    """Whether there is a letter or digit in the document."""
    return any(map(str.isalnum, document.text))


def with_text(document: Document) -> Document:
    """Return ``document`` itself; ``UnsupportedDocument`` if it has not one letter or digit."""
    if not has_text(document):
        raise UnsupportedDocument("there is no text in it")
    return document
