"""Reads a PDF's text, page by page, in reading order.

Headings come from the outline, or from how lines are set; running headers, footers and page numbers are left
out. A page that cannot be read, or that has no text layer, is a note where others have text. PDFium must not
be called by two threads at once, so one PDF is read at a time.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pypdfium2 as pdfium

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.dates import iso_date
from pincite.index.formats.file import File
from pincite.index.formats.ocr import NO_TEXT_LAYER, NOTHING_RECOGNISED, is_installed, recognised
from pincite.index.formats.pdf_furniture import furniture_of
from pincite.index.formats.pdf_headings import body_size_of, detected, title_of
from pincite.index.formats.pdf_lines import PageText, no_text, page_text
from pincite.index.formats.pdf_outline import bookmarks_of, outlined
from pincite.index.formats.pdf_pages import rendered
from pincite.index.formats.pdf_text import assembled
from pincite.index.formats.pdfium import Characters, is_blank, opened
from pincite.index.formats.text import plain_text

_SCAN_SCALE = 2.0
_JUNK_TITLE = re.compile(
    r"\(?(?:untitled|anonymous|unspecified|title|document\d*|slide 1|microsoft \w+ - .*|.*\.\w{2,5})\)?",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?")


def read(file: File) -> list[Document]:
    """Return the document in a PDF."""
    with opened(file.content, file.password) as pdf:
        pages = _Pages(pdf, file)
        bookmarks = bookmarks_of(pdf)
        metadata = _metadata(pdf)
        attachments = pdf.count_attachments()
    if not any(page.text for page in pages.texts):
        raise UnsupportedDocument(pages.why_empty())
    body_size = body_size_of(pages.texts)
    dropped = furniture_of(pages.texts, body_size)
    headings = outlined(bookmarks, pages.texts, dropped) or detected(pages.texts, dropped, body_size)
    metadata = {"title": title_of(headings, pages.texts), **metadata}
    made = assembled(pages.texts, dropped, headings)
    notes = [*pages.notes(), *_attachment_notes(attachments)]
    return [
        Document(
            made.text,
            {name: value for name, value in metadata.items() if value},
            sections=made.sections,
            pages=made.pages,
            places=made.places,
            notes=tuple(notes),
        )
    ]


class _Pages:
    """The text of each page, and what is wrong with those that have none."""

    def __init__(self, pdf: pdfium.PdfDocument, file: File) -> None:
        self.texts: list[PageText] = []
        self._broken: list[int] = []
        self._scans: list[int] = []
        self._recognises = is_installed()
        total = len(pdf)
        for number in range(total):
            self.texts.append(self._read(pdf, number))
            file.on_page(number + 1, total)

    def _read(self, pdf: pdfium.PdfDocument, number: int) -> PageText:
        try:
            page = pdf[number]
        except pdfium.PdfiumError:
            self._broken.append(number)
            return no_text()
        try:
            found = _text_of(page)
            if found.text or is_blank(page):
                return found
            if self._recognises:
                found = recognised(rendered(page, _SCAN_SCALE))
            if not found.text:
                self._scans.append(number)
            return found
        except pdfium.PdfiumError:
            self._broken.append(number)
            return no_text()
        finally:
            page.close()

    def why_empty(self) -> str:
        """Return why there is no text at all."""
        if self._broken and not self._scans:
            return "not a readable PDF: none of its pages can be loaded"
        return NOTHING_RECOGNISED if self._recognises else NO_TEXT_LAYER

    def notes(self) -> list[str]:
        """Return what is not in the text."""
        notes = []
        if self._broken:
            notes.append(f"{_named(self._broken)} cannot be read: the file is damaged there")
        if self._scans:
            verb = "has" if len(self._scans) == 1 else "have"
            reason = "no text layer, and no text was recognised" if self._recognises else NO_TEXT_LAYER
            notes.append(f"{_named(self._scans)} {verb} {reason}")
        return notes


def _text_of(page: pdfium.PdfPage) -> PageText:
    text_page = page.get_textpage()
    try:
        return page_text(Characters(page, text_page))
    finally:
        text_page.close()


def _named(numbers: Sequence[int]) -> str:
    """Return pages, counted from 0, as a person writes them.

    >>> _named([2, 3, 4, 8])
    'pages 3–5, 9'
    """
    runs: list[list[int]] = []
    for before, number in pairwise([None, *numbers]):
        if before is not None and number == before + 1:
            runs[-1].append(number)
        else:
            runs.append([number])  # type: ignore[list-item]
    written = [f"{run[0] + 1}–{run[-1] + 1}" if len(run) > 1 else str(run[0] + 1) for run in runs]
    return f"{'page' if len(numbers) == 1 else 'pages'} {', '.join(written)}"


def _attachment_notes(count: int) -> Iterable[str]:
    if count > 0:
        yield f"{count} attached file{'' if count == 1 else 's'} not read"


def _metadata(pdf: pdfium.PdfDocument) -> dict[str, str]:
    info = {name: _value(pdf, name) for name in ("Title", "Author", "CreationDate", "ModDate")}
    found = {"author": "" if _JUNK_TITLE.fullmatch(info["Author"]) else info["Author"]}
    if not _JUNK_TITLE.fullmatch(info["Title"]):
        found["title"] = info["Title"]
    found["date"] = _iso_date(info["CreationDate"]) or _iso_date(info["ModDate"])
    return {name: value for name, value in found.items() if value}


def _value(pdf: pdfium.PdfDocument, name: str) -> str:
    value = pdf.get_metadata_value(name) or ""
    return " ".join(plain_text(value.strip("\x00 ")).split())


def _iso_date(written: str) -> str:
    """Return a PDF's date and time without its zone; empty if it is none.

    >>> _iso_date("D:20241105103000+01'00'")
    '2024-11-05T10:30'
    """
    match = _DATE.match(written)
    if not match:
        return ""
    year, month, day, hour, minute = match.groups()
    written_iso = "-".join(part for part in (year, month, day) if part)
    return iso_date(written_iso + (f"T{hour}:{minute}" if minute else ""))
