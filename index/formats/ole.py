"""Says why an OLE file that is neither a message nor a workbook cannot be read.

Office programs before 2007 wrote their documents so; later ones do when a document has a password.
"""

from typing import NoReturn

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.file import File

_REASONS = {
    "EncryptedPackage": "it is encrypted: save it without a password",
    "WordDocument": "old Word files (.doc) cannot be read: save it as .docx",
    "PowerPoint Document": "old PowerPoint files (.ppt) cannot be read: save it as .pptx",
}


def read(file: File) -> NoReturn:
    """Raise ``UnsupportedDocument`` with what the person can do."""
    for stream, reason in _REASONS.items():
        if stream.encode("utf-16-le") in file.content:
            raise UnsupportedDocument(reason)
    raise UnsupportedDocument("it is an OLE file of an unknown kind, which cannot be read")
