"""Web pages: what is main text, how its parts are kept apart, and what a hostile page can do."""

from __future__ import annotations

import re
import socket
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, html, read_documents
from pincite.index.formats.builder import Builder
from pincite.index.formats.hypertext import Writer
from pincite.index.formats.markup import parse_html
from pincite.index.splitter import split

from ..texts import texts
from .real_files import real_file

ROOT = Path(__file__).parents[3]
PROSE = (
    "<p>" + "The ferry to the island leaves at nine, and again at noon if the wind allows it. " * 5 + "</p>"
)
PAGE = f"""<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Ferries – Harbour News</title>
<meta property="og:title" content="Ferries leave late"><meta property="og:site_name" content="Harbour News">
<meta name="author" content="Ada Moss"><meta property="article:published_time" content="2024-11-05T10:30:00Z">
</head><body><nav><ul><li><a href="/">Home</a></li><li><a href="/boats">All boats</a></li></ul></nav>
<div class="cookie-banner"><p>We use cookies to improve your visit.</p></div>
<article><h1>Ferries leave late</h1>{PROSE}<h2>Fares</h2>{PROSE}
<table><tr><th>Boat</th><th>Fare</th></tr><tr><td>Heron</td><td>£5</td></tr><tr><td>Gull</td><td>£7</td></tr></table>
<ul><li>Dogs travel <b>fr</b>ee</li><li>Bikes<br>pay</li></ul><h3>Code</h3><pre>def fare(boat):
    return 5
</pre>{PROSE}</article><footer><p><a href="/about">About us</a></p></footer></body></html>"""


def read_page(page: str | bytes, name: str = "a.html") -> Document:
    """The document that a page makes."""
    (document,) = read_documents(File(name, page.encode() if isinstance(page, str) else page))
    return document


def written(page: str) -> str:
    """All that a page shows, whatever it is."""
    root = parse_html(page)
    assert root is not None
    builder = Builder()
    Writer(builder).write(root)
    return builder.document({}).text


def sections_of(document: Document) -> dict[tuple[str, ...], str]:
    return {s.path: document.text[s.body_start : s.end].strip() for s in document.sections}


def test_main_text_is_read_with_its_sections_and_what_the_page_says_of_itself() -> None:
    document = read_page(PAGE)
    assert document.metadata == {
        "title": "Ferries leave late",
        "author": "Ada Moss",
        "publisher": "Harbour News",
        "date": "2024-11-05T10:30",
        "language": "en",
    }
    sections = sections_of(document)
    assert list(sections) == [
        ("Ferries leave late",),
        ("Ferries leave late", "Fares"),
        ("Ferries leave late", "Fares", "Code"),
    ]
    fares = sections["Ferries leave late", "Fares"]
    assert "Boat: Heron; Fare: £5\nBoat: Gull; Fare: £7" in fares
    assert "- Dogs travel free\n- Bikes\n  pay" in fares
    assert "def fare(boat):\n    return 5\n\n" in sections["Ferries leave late", "Fares", "Code"]
    assert not re.search("cookies|Home|About us", document.text)
    assert [item.number for section in document.sections for item in section.items] == [1, 2]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<p>a<br>b<br><br>c", "a\nb\n\nc"),
        ("<p><b>w</b>ord and <i>i</i>t<sup>[3]</sup>", "word and it[3]"),
        ("a<div>b</div>c<section>d", "a\n\nb\n\nc\n\nd"),
        ("<p>&lt;b&gt; &amp; caf&eacute;&nbsp;&#x4e2d; co&shy;op", "<b> & café 中 coop"),
        ("<ol start=3><li>c<li>d<ul><li>e</ol>", "3. c\n4. d\n  - e"),
        ("<dl><dt>term<dd>meaning</dl>", "term\nmeaning"),
        ("<pre>  two\n    four</pre>x", "  two\n    four\n\nx"),
        ("<pre>a<br>b</pre>", "a\nb"),
        ("a<!-- no -->b<script>no()</script>c<style>no</style>d<template>no</template>", "abcd"),
        ("<p hidden>no</p><p style='color:red; DISPLAY : none'>no<p>yes", "yes"),
        ("<p>one<span hidden>no</span> tail", "one tail"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字", "漢字"),
        ("<ul><li><h3>Head</h3>x</ul>", "Head\n\n  x"),
        ("<h2> <br> </h2><h2>A<br>B</h2>x", "A B\n\nx"),
        (f"<h1>{'long ' * 100}</h1>", ("long " * 100).strip()),
    ],
)
def test_words_at_borders_are_kept_apart_and_markup_splits_none(page: str, text: str) -> None:
    assert written(page).rstrip() == text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("<tr><th>A<th>B<tr><td>1<td>2<tr><td>3<td>4", "A: 1; B: 2\nA: 3; B: 4"),
        (
            "<tr><th rowspan=2>City<th colspan=2>Rain<tr><th>May<th>June<tr><td>Oslo<td>4<td>5",
            "City: Oslo; Rain May: 4; Rain June: 5",
        ),
        ("<tr><th>A<th>B<tr><td rowspan=2>x<td>1<tr><td>2", "A: x; B: 1\nA: x; B: 2"),
        ("<tr><th>A<th>B<th>C<tr><td colspan=2>x<td>1<tr><td>p<td>q<td>r", "A: x; C: 1\nA: p; B: q; C: r"),
        ("<tr><td>Name<td>Ann<tr><td>Age:<td>5", "Name: Ann\nAge: 5"),
        ("<tr><th>Name<td>Ann<tr><th>Town<td>Oslo", "Name: Ann\nTown: Oslo"),
        (
            "<tr><td>Bank<td>Tools<tr><td>OCBC<td>30<tr><td>DBS<td>12",
            "Bank: OCBC; Tools: 30\nBank: DBS; Tools: 12",
        ),
        ("<tr><td>a<td>b<td>c<tr><td>d<td>e<td>f<tr><td>g<td>h<td>i", "a: d; b: e; c: f\na: g; b: h; c: i"),
        ("<tr><td>1<td>2<td>3<tr><td>4<td>5<td>6<tr><td>7<td>8<td>9", "1; 2; 3\n4; 5; 6\n7; 8; 9"),
        ("<tr><th>A<th>B<th>Unused<tr><td>1<td>2", "A; B; Unused\n1; 2"),
        ("<caption>Fares</caption><tr><th>A<th>B<tr><td>1<td>2", "Fares\n\nA: 1; B: 2"),
        (
            "<tr><th colspan=2>Fares<tr><th>A<th>B<tr><td>1<br>2<td><ul><li>x<li>y</ul>",
            "Fares\n\nA: 1 2; B: x y",
        ),
        ("<tr><td>alone", "alone"),
        ("<tr><td><h2>Head</h2>x<td>y<tr><td>z<td>w", "Head\n\nx\n\ny\n\nz\n\nw"),
        (
            "<tr><td>a<td><table><tr><td>1<td>2<tr><td>3<td>4</table><tr><td>b<td>c",
            "a\n\n1: 2\n3: 4\n\nb\n\nc",
        ),
    ],
)
def test_tables_of_data_become_rows_with_their_headers(rows: str, text: str) -> None:
    assert written(f"<table>{rows}</table>").rstrip() == text


def test_the_main_text_keeps_spanned_cells_and_lists_in_cells() -> None:
    table = (
        "<table><tr><th>Town<th>Boats<tr><td rowspan=2>Ayr<td><ul><li>Heron<li>Gull</ul><tr><td>Tern</table>"
    )
    text = read_page(f"<article><h1>Boats</h1>{PROSE}{table}{PROSE}</article>").text
    assert "Town: Ayr; Boats: Heron Gull\nTown: Ayr; Boats: Tern" in text


@pytest.mark.parametrize(
    "page",
    [
        "<p>Short.",
        "<div id=app>Loading the short app</div>",
        "<table><tr><td>only<td>a table</table>",
        "just words, no markup",
        "<nav>Only navigation</nav>",
        "<form><label>Name</label><button>Send</button></form>",
        "<header>Head</header><footer>Foot</footer>",
    ],
)
def test_a_page_is_never_lost_for_being_short(page: str) -> None:
    words = re.sub("<[^>]*>", " ", page).split()
    assert Counter(re.findall(r"\w+", read_page(page).text)) == Counter(re.findall(r"\w+", " ".join(words)))


def test_a_page_of_which_little_is_main_text_is_read_whole() -> None:
    cards = "".join(f"<div class=card><a href=/{n}>Boat {n}</a> seats {n * 3}</div>" for n in range(60))
    text = read_page(f"<body><p>Our boats.</p><div class=related>{cards}</div>").text
    assert all(f"Boat {n}" in text for n in range(60))


@pytest.mark.parametrize(
    "content",
    [
        "<p>Die Fähre – «früh»".encode("utf-8-sig"),
        "<p>Die Fähre – «früh»".encode("utf-16"),
        "<meta charset=windows-1252><p>Die Fähre – «früh»".encode("cp1252"),
        "<meta charset=iso-8859-1><p>Die Fähre – «früh»".encode("cp1252"),
        "<meta charset=iso-8859-1><p>Die Fähre – «früh»".encode(),
        "<meta charset=utf-8><p>Die Fähre – «früh»".encode("cp1252") + b" " * 9,
        "<meta charset=no-such-thing><p>Die Fähre – «früh»".encode(),
        "<meta charset=base64><p>Die Fähre – «früh»".encode(),
        "<meta charset=undefined><p>Die Fähre – «früh»".encode(),
        '<?xml version="1.0" encoding="windows-1252"?><html><p>Die Fähre – «früh»</p></html>'.encode(
            "cp1252"
        ),
        '<META http-equiv="Content-Type" content="text/html; charset=utf-8"><p>Die Fähre – «früh»'.encode(),
        b"\x00" + "<p>Die Fähre – «früh»".encode(),
    ],
)
def test_the_encoding_is_the_marks_the_stated_or_the_likely_one(content: bytes) -> None:
    text = read_page(content).text.strip()
    assert text in ("Die Fähre – «früh»", "Die F�hre � �fr�h�")
    assert text.startswith("Die Fähre") or content.startswith(b"<meta charset=utf-8>")


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "big5", "utf-8"])
def test_chinese_pages_are_read_as_they_state(encoding: str) -> None:
    body = "<h1>雾岭</h1><p>溪水村口流。</p>".replace("雾岭", "山村")
    page = f'<html lang="zh-TW"><meta charset="{encoding}">{body}'
    document = read_page(page.encode(encoding))
    assert document.text == "山村\n\n溪水村口流。\n\n"
    assert document.metadata["language"] == "zh"


@pytest.mark.parametrize(
    ("head", "date"),
    [
        ('<meta name="dc.date" content="1985-03">', "1985-03"),
        ('<meta property="article:published_time" content="2019-01-02T00:00:00+01:00">', "2019-01-02"),
        ('<meta name="date" content="2999-01-01">', None),
        ('<meta name="date" content="2024-13-45">', None),
        (
            '<script type="application/ld+json">{"@type":"Article","datePublished":"2021-05-06"}</script>',
            "2021-05-06",
        ),
        ("", None),
    ],
)
def test_only_believable_dates_are_kept(head: str, date: str | None) -> None:
    assert read_page(f"<html><head>{head}</head><body>{PROSE}").metadata.get("date") == date


def test_a_stated_language_that_the_script_belies_is_left_out() -> None:
    assert "language" not in read_page('<html lang="en"><p>山村溪水村口流。').metadata
    assert read_page('<html lang="fr"><p>Le village est petit.').metadata["language"] == "other"
    assert "language" not in read_page("<p>The village is small.").metadata


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a page was fetched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    linked = '<link rel=canonical href="http://127.0.0.1/x"><base href="http://127.0.0.1/">'
    linked += "<img src=/y><iframe src=/z></iframe>"
    assert "ferry" in read_page(f'<!DOCTYPE html SYSTEM "http://127.0.0.1/a.dtd"><html>{linked}{PROSE}').text


@pytest.mark.parametrize(
    ("page", "end"),
    [
        ("<html><body>" + "<div>" * 100_000 + "deep <b>te</b>xt", "deep text"),
        (PROSE * 9 + "<b>x " * 1_500 + "deep", "x"),
        ("<table><tr><td>" * 3_000 + "deep", "deep"),
        ("<p>unclosed <i>and <b>more" * 9_000 + " end", "end"),
        ("<body>" + "one line " * 200_000 + "end", "end"),
        ("<table>" + "<tr><td colspan=999 rowspan=9999>a<td>b" * 3_000 + "<tr><td>end</table>", "end"),
        ("<p>a\u202eb\u2066c end", "a\u202eb\u2066c end"),
        ("<" * 50_000 + "&" * 50_000 + " end", "end"),
        ("<p>" + " " * 3_000_000 + "end", "end"),
        ('<script type="application/ld+json">' + '{"author":"' * 90_000 + "</script><p>end", "end"),
    ],
)
def test_hostile_pages_keep_their_text(page: str, end: str) -> None:
    assert read_page(page).text.strip().endswith(end)


@pytest.mark.parametrize(
    "page", ["", " ", "<html></html>", "<!-- only -->", "<script>x</script>", "<p>&nbsp;"]
)
def test_a_page_without_text_says_so(page: str) -> None:
    with pytest.raises(UnsupportedDocument, match=r"there is no text in it|the file is empty"):
        read_page(page)


def test_elements_of_odd_names_keep_them() -> None:
    root = parse_html('<div><h3!class="x">odd</h3!class="x"></div>')
    assert root is not None
    html._rename(root)
    assert "".join(root.itertext()) == "odd"


def test_xhtml_is_read_as_xml_and_as_html_where_it_is_none() -> None:
    head = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>'
    assert (
        read_page(f"{head}<script/><p>caf&eacute;&nbsp;<a id='x'/>one</p></body></html>", "a.xhtml").text
        == "café one\n\n"
    )
    assert read_page(f"{head.replace('<title/>', '')}<p>one<p>two</body>", "a.xhtml").text == "one\n\ntwo\n\n"


INLINE = frozenset(
    "b i a em strong span font sup sub u small code kbd img abbr cite bdi s ins del wbr q".split()
)
HIDDEN = frozenset("script style head rt rp svg noscript template iframe".split())


class Oracle(HTMLParser):
    """The words that a page shows, found without a tree."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden = (self.hidden + (tag in HIDDEN)) * (tag != "body")
        self.words.append("" if tag in INLINE else " ")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in HIDDEN
        self.words.append("" if tag in INLINE else " ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)


def shown_words(page: str) -> Counter[str]:
    """The words of a page as ``Oracle`` sees them."""
    oracle = Oracle()
    oracle.feed(page)
    oracle.close()
    return Counter(re.findall(r"\w+", "".join(oracle.words).replace("\xad", "")))


@pytest.mark.parametrize(
    "name",
    [
        "unstructured/example-docs/fake-html.html",
        "unstructured/example-docs/ideas-page.html",
        "unstructured/example-docs/fake-html-pre.htm",
        "unstructured/example-docs/example-10k-1p.html",
        "unstructured/example-docs/fake-html-with-duplicate-elements.html",
        "unstructured/example-docs/language-docs/eng_spa_mult.html",
        "markitdown/packages/markitdown/tests/test_files/test_blog.html",
    ],
)
def test_the_words_of_real_pages_are_those_that_another_parser_sees(name: str) -> None:
    page = real_file(name).decode()
    ours = Counter(re.findall(r"\w+", written(page)))
    seen = shown_words(re.sub(r"(?s)<!--.*?-->", "", page))
    assert not seen - ours
    headers = set(ours - seen)
    in_headers = set(re.findall(r"\w+", " ".join(re.findall(r"(?is)<tr.*?</tr>", page))))
    assert headers <= in_headers  # which are written again with each row


_pieces = st.sampled_from(
    [
        *"<p> </p> <b> </b> <h1> <h2> </h2> <ul> <li> </ul> <ol> <table>".split(),
        *"<tr> <td> <th> </table> <br> <pre> </pre>".split(),
        "<div hidden>",
        "</div>",
        "<blockquote>",
        "<td rowspan=3>",
        "<th colspan=2>",
        "<nav>",
        "<script>",
        "</script>",
    ]
)


@given(st.lists(_pieces | texts | st.just("word "), max_size=30).map("".join))
def test_every_span_is_where_it_says(page: str) -> None:
    try:
        document = read_page(f"<html><body>{page}".encode("utf-8", "surrogatepass"))
    except UnsupportedDocument:
        return
    place = 0
    for section in document.sections:
        assert place <= section.start <= section.body_start <= section.end <= len(document.text)
        place = section.end
        assert all(section.start <= i.start < i.end <= section.end for i in section.items)
    for group in split(document)[1]:
        assert document.text[group.start : group.end] == group.text
        assert all(document.text[p.start : p.end] == p.text for p in group.points)
