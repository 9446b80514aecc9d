"""Reads a PDF's text, page by page, in the order in which the file draws it.

Lines keep their breaks, and a word that the page hyphenates at a line's end is joined. Two columns are read
as the file orders them. There is no character recognition: a scan has no text, and says so. PDFium must not
be called by two threads at once, so one PDF is read at a time.
"""

import re
import threading

import pypdfium2 as pdfium

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.file import File

_PAGE_BREAK = "\n\n"
_PASSWORD_ERROR = 4
_PDFIUM = threading.Lock()


def read(file: File) -> list[Document]:
    """Return the text of a PDF, with the offset at which each page begins."""
    with _PDFIUM:
        pages = [_tidy(page) for page in _page_texts(file.content, file.password)]
    if not any(map(str.strip, pages)):
        raise UnsupportedDocument(f"no text layer on any of its {len(pages)} pages: it looks like a scan")
    starts, offset = [], 0
    for page in pages:
        starts.append(offset)
        offset += len(page) + len(_PAGE_BREAK)
    return [Document(_PAGE_BREAK.join(pages), pages=tuple(starts))]


def _page_texts(content: bytes, password: str | None) -> list[str]:
    try:
        pdf = pdfium.PdfDocument(content, password=password)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR:
            advice = "the password does not open it" if password else "it needs a password: give --password"
            raise UnsupportedDocument(f"the PDF is encrypted; {advice}") from None
        raise UnsupportedDocument(f"not a readable PDF: {error}") from None
    try:
        return [_page_text(pdf, number) for number in range(len(pdf))]
    except pdfium.PdfiumError as error:
        raise UnsupportedDocument(f"a page of the PDF is broken: {error}") from None
    finally:
        pdf.close()


def _page_text(pdf: pdfium.PdfDocument, number: int) -> str:
    page = pdf[number]
    text_page = page.get_textpage()
    try:
        return str(text_page.get_text_range())
    finally:
        text_page.close()
        page.close()


def _tidy(page: str) -> str:
    page = re.sub(r"\r\n?", "\n", page)
    page = re.sub("[\ufffe\u00ad\x02]\n?", "", page)
    return re.sub(r"[\ud800-\udfff\x00]", "\ufffd", page).strip()
