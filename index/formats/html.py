"""Reads web pages: their main text, without navigation, notices and other boilerplate.

trafilatura decides what is main text, and tells title, author, date and publisher; the sections, tables and
lists are written from the tree that it returns. A page of which it keeps too little to be believed is read
whole, as far as it shows text outside its navigation. Nothing a page refers to is fetched.
"""

import json
import logging
import re
from copy import deepcopy
from datetime import date, datetime, timedelta

from lxml import etree
from trafilatura import bare_extraction, extract_metadata

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.builder import Builder
from pincite.index.formats.dates import iso_date
from pincite.index.formats.file import File
from pincite.index.formats.grid import Grid
from pincite.index.formats.hypertext import UNSEEN, Writer, text_of
from pincite.index.formats.language import language_name
from pincite.index.formats.markup import decode_markup, parse_html, parse_xhtml
from pincite.index.language import language_of

for _name in ("trafilatura", "htmldate"):  # their warnings are not for the person who adds a page
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False

_MOST_ELEMENTS = 30_000
_MOST_CHARACTERS = 5_000_000
_MOST_JSON = 200_000
_TINY_PAGE_WORDS = 100
_SMALL_PAGE_WORDS = 2_000
_LEAST_KEPT = 0.25
_WORD = re.compile(r"[\u3001-\U0003ffff]|[^\W\u3001-\U0003ffff]+")
_NAMES = {"row": "tr", "lb": "br", "quote": "blockquote", "item": "li"}
_DATES = frozenset(
    "article:published_time datepublished date dc.date dcterms.date dc.date.issued dcterms.created"
    " citation_publication_date citation_date publication_date pubdate publishdate sailthru.date".split()
)
_MOST_LINKED = 0.8
_EARLIEST = 1990
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    etree.LxmlError,
)


def read(file: File) -> list[Document]:
    """Return a page's main text and what it says of itself."""
    text = decode_markup(file.content)
    is_xml = text.lstrip().startswith("<?xml")
    root = parse_xhtml(text) if is_xml else parse_html(text)
    if root is None:
        raise UnsupportedDocument("there is no text in it")
    body = root.find("body") if root.find("body") is not None else root
    whole = _written(body, UNSEEN | {"nav"})
    if not whole.text.strip():
        whole = _written(body, UNSEEN)
    is_bearable = len(text) <= _MOST_CHARACTERS and sum(1 for _ in root.iter()) <= _MOST_ELEMENTS
    _drop_broken_json(root)
    main = _main_text(root) if is_bearable else None
    document = whole if main is None or _keeps_too_little(main.text, whole.text) else main
    metadata = _metadata(root, _stated(root) if is_bearable else {}, document.text)
    return [Document(document.text, metadata, sections=document.sections)]


def _written(root: etree._Element, unseen: frozenset[str]) -> Document:
    builder = Builder()
    Writer(builder, unseen).write(root)
    return builder.document({})


def _keeps_too_little(main: str, whole: str) -> bool:
    kept, shown = len(_WORD.findall(main)), len(_WORD.findall(whole))
    return shown < _TINY_PAGE_WORDS or not kept or (shown < _SMALL_PAGE_WORDS and kept < shown * _LEAST_KEPT)


def _main_text(root: etree._Element) -> Document | None:
    """Return what trafilatura takes for the main text, None where it fails."""
    try:
        root = deepcopy(root)
        _simplify_tables(root)
        page = bare_extraction(
            root, favor_recall=True, include_comments=False, include_tables=True, output_format="xml"
        )
    except _FAILURES:
        return None
    if page is None or page.body is None:
        return None
    _rename(page.body)
    return _written(page.body, UNSEEN)


def _simplify_tables(root: etree._Element) -> None:
    """Make the cells of data tables plain text, which keeps the lists in them and their columns."""
    for table in list(root.iter("table")):
        grid = Grid.of(table, text_of)
        if grid is None or _is_made_of_links(table):
            continue
        for child in list(table):
            table.remove(child)
        table.text = None
        for caption in grid.captions:
            etree.SubElement(table, "caption").text = caption
        for number, row in enumerate(grid.rows):
            line = etree.SubElement(table, "tr")
            for text in row:
                etree.SubElement(line, "td" if number or not grid.has_headers else "th").text = text
    for cell in root.iter("td", "th"):
        cell.attrib.clear()


def _is_made_of_links(table: etree._Element) -> bool:
    linked = sum(len(text_of(link)) for link in table.iter("a"))
    return linked > len(text_of(table)) * _MOST_LINKED


def _rename(body: etree._Element) -> None:
    """Give the elements of trafilatura's tree the names that HTML has for them."""
    for element in body.iter():
        rend = element.get("rend") or ""
        if element.tag == "head":
            element.tag = rend if re.fullmatch("h[1-6]", rend) else "h3"
        elif element.tag == "cell":
            element.tag = "th" if element.get("role") == "head" else "td"
        elif element.tag == "list":
            element.tag = rend if rend in ("ol", "dl") else "ul"
        elif element.tag in ("code", "quote") and "\n" in (element.text or "").strip():
            element.tag = "pre"
        elif element.tag == "item" and rend[:2] in ("dt", "dd"):
            element.tag = rend[:2]
        elif element.tag in _NAMES:
            element.tag = _NAMES[element.tag]


def _drop_broken_json(root: etree._Element) -> None:
    """Take out what is no sound JSON where a page describes itself: it is searched without any bound."""
    for script in list(root.iterfind(".//script[@type]")):
        if "json" in script.get("type").lower() and not _is_sound_json(script.text or ""):
            script.text = None


def _is_sound_json(text: str) -> bool:
    try:
        return len(text) <= _MOST_JSON and json.loads(text) is not None
    except (ValueError, RecursionError):
        return False


def _metadata(root: etree._Element, found: dict[str, str], shown: str) -> dict[str, str]:
    title = root.findtext(".//title") or ""
    return {
        name: value
        for name, value in {
            "title": found.get("title") or " ".join(title.split()),
            "author": found.get("author", ""),
            "publisher": found.get("publisher", ""),
            "date": _meta_date(root) or found.get("date", ""),
            "language": _language(root, shown),
        }.items()
        if value
    }


def _stated(root: etree._Element) -> dict[str, str]:
    """Return what trafilatura finds that the page says of itself."""
    latest = _tomorrow().isoformat()
    dates = {"extensive_search": False, "original_date": True, "max_date": latest}
    try:
        found = extract_metadata(root, extensive=False, date_config=dates)
    except _FAILURES:
        return {}
    author = found.author or ""
    return {
        "title": found.title or "",
        "author": "" if _is_in_navigation(root, author) else author,
        "publisher": found.sitename or "",
        "date": _believable(iso_date(found.date or "")),
    }


def _is_in_navigation(root: etree._Element, author: str) -> bool:
    navigation = root.iterfind(".//*[@role='navigation']")
    return bool(author) and any(author in "".join(element.itertext()) for element in navigation)


def _meta_date(root: etree._Element) -> str:
    """Return the date that the page's head states, as exactly as it does."""
    for meta in root.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        stated = iso_date(meta.get("content") or "") if name.lower() in _DATES else ""
        if stated and stated[:10] <= _tomorrow().isoformat():
            return stated
    return ""


def _believable(stated: str) -> str:
    is_believable = stated and int(stated[:4]) >= _EARLIEST and stated[:10] <= _tomorrow().isoformat()
    return stated if is_believable else ""


def _tomorrow() -> date:
    return datetime.now().astimezone().date() + timedelta(days=1)


def _language(root: etree._Element, shown: str) -> str:
    """Return the language the page states, unless its text is plainly in another script."""
    stated = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    language = language_name(stated)
    written = language_of(shown[:20_000])
    return "" if (language in ("zh", "ja")) != (written in ("zh", "ja")) else language
