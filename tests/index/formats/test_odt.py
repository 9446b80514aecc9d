"""OpenDocument texts: headings, lists, tables that repeat, notes, and what a file only tracks or hides."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents
from pincite.index.formats.odt_styles import Styles

from .office_files import ODF, ODF_NAMES, check_spans, in_order, needs, odt_file, read, rows_of
from .real_files import real_files
from .test_archive import zipped


def text_of(body: str, styles: str = "") -> str:
    return read("a.odt", odt_file(body, styles=styles)).text.rstrip()


def p(text: str, style: str = "Standard") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def h(text: str, level: int) -> str:
    return f'<text:h text:outline-level="{level}">{text}</text:h>'


def cell(inside: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}>{inside}</table:table-cell>"


def table(*rows: str) -> str:
    return (
        f"<table:table>{''.join(f'<table:table-row>{row}</table:table-row>' for row in rows)}</table:table>"
    )


def test_headings_title_and_metadata() -> None:
    styles = (
        '<style:style style:name="P1" style:parent-style-name="Title"/>'
        '<style:style style:name="Own" style:default-outline-level="2"/>'
        '<style:style style:name="Loop" style:parent-style-name="Loop"/>'
    )
    meta = (
        "<meta:initial-creator>Wu Lan</meta:initial-creator><dc:creator>Another</dc:creator>"
        "<meta:creation-date>2023-01-01T00:00:00</meta:creation-date><dc:language>en-GB</dc:language>"
        "<dc:date>2024-11-05T10:30:12.123</dc:date><dc:title> </dc:title>"
    )
    body = p("茶的\n历史", "P1") + h("One", 1) + p("a", "Loop") + p("Two", "Own") + p("b") + h("Three", 99)
    document = read("a.odt", odt_file(body, styles=styles, meta=meta))
    assert document.metadata == {
        "title": "茶的 历史",
        "author": "Wu Lan",
        "date": "2024-11-05T10:30",
        "language": "en",
    }
    assert [section.path for section in document.sections] == [
        (),
        ("One",),
        ("One", "Two"),
        ("One", "Two", "Three"),
    ]


def test_white_space_is_what_elements_say() -> None:
    body = p('a\n  b<text:s text:c="3"/>c<text:tab/>d<text:line-break/>e <text:span>f</text:span><text:s/>g')
    assert text_of(body) == "a b   c\td\ne f g"
    assert len(text_of(p('a<text:s text:c="1000000000"/>b<text:s text:c="x"/>c'))) == 104


def test_lists_text_boxes_footnotes_and_comments() -> None:
    box = (
        f"<draw:frame><draw:text-box>{p('boxed')}</draw:text-box></draw:frame>"
        "<draw:frame><draw:image/></draw:frame>"
    )
    note = (
        '<text:note text:note-class="{}"><text:note-citation>1</text:note-citation><text:note-body>'
        f"{p('See')}{p('Wu.')}</text:note-body></text:note>"
    )
    comment = f"<office:annotation><dc:creator>no</dc:creator>{p('no')}</office:annotation>"
    nested = f"<text:list><text:list-item>{p('inner')}</text:list-item></text:list>"
    body = (
        f"<text:list><text:list-header>{p('head')}</text:list-header>"
        f"<text:list-item>{p('outer')}{nested}</text:list-item></text:list>"
        f"<text:section>{p('Tea' + note.format('footnote') + comment + ' grew.')}"
        f"</text:section>{p('More.' + box + note.format('endnote'))}{comment}"
    )
    document = read("a.odt", odt_file(body))
    assert document.text.rstrip() == (
        "- head\n- outer\n- inner\n\nTea grew.\n\nFootnote 1: See Wu.\n\nMore.\n\nEndnote 1: See Wu.\n\nboxed"
    )
    assert document.notes == ("1 image without text", "2 comments left out")


def test_deleted_hidden_and_doubled_text_is_left_out() -> None:
    styles = (
        '<style:style style:name="T1"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="T2" style:parent-style-name="T1"/>'
    )
    body = (
        f"<text:tracked-changes><text:changed-region><text:deletion>{p('deleted')}</text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        f'<text:section text:display="none">{p("hidden")}</text:section>'
        + p('<text:change-start/>kept<text:change-end/><text:span text:style-name="T2">hidden</text:span>')
        + p("<text:ruby><text:ruby-base>雾</text:ruby-base><text:ruby-text>wù</text:ruby-text></text:ruby>")
    )
    assert text_of(body, styles) == "kept\n\n雾"


def test_merged_and_repeated_cells_keep_their_columns() -> None:
    covered = "<table:covered-table-cell/>"
    body = table(
        cell(p("Bank")) + cell(p("2024"), 'table:number-columns-spanned="2"') + covered + cell(p("Note")),
        cell(p("OCBC"), 'table:number-rows-spanned="2"') + cell(p("30")) + cell(p("31")) + cell(p("x")),
        covered + cell("", 'table:number-columns-repeated="2"') + cell(p("y")),
        cell(p("DBS")) + cell(p("7"), 'table:number-columns-repeated="2"'),
    )
    assert [text for _, _, text in rows_of(read("a.odt", odt_file(body)))] == [
        "Bank: OCBC; 2024: 30; 2024: 31; Note: x",
        "Bank: OCBC; Note: y",
        "Bank: DBS; 2024: 7; 2024: 7",
    ]


def test_header_rows_are_told_from_others() -> None:
    def row(*texts: str) -> str:
        return f"<table:table-row>{''.join(cell(p(text)) for text in texts)}</table:table-row>"

    head = f"<table:table-header-rows>{row('Year', 'Tea')}{row('', 'tons')}</table:table-header-rows>"
    rows = f"<table:table-rows>{row('2024', '30')}</table:table-rows>"
    body = f"<table:table>{head}<table:table-row-group>{rows}</table:table-row-group></table:table>"
    document = read("a.odt", odt_file(body))
    assert rows_of(document) == [("row", 1, "Year: 2024; Tea tons: 30")]


def test_repeats_cannot_make_a_small_file_large() -> None:
    many = 'table:number-columns-repeated="1048576"'
    rows = f'<table:table-row table:number-rows-repeated="1048576">{cell("", many)}</table:table-row>'
    filled = table(cell(p("a")) + cell("", many), cell(p("1")) + cell("", many))
    document = read("a.odt", odt_file(p("x") + f"<table:table>{rows}</table:table>" + filled))
    assert document.text.rstrip() == "x\n\na\n\n1"
    bomb = f'<table:table-row table:number-rows-repeated="1048576">{cell(p("boom"))}</table:table-row>'
    nested = bomb
    for _ in range(3):
        inside = cell(f"<table:table>{nested}</table:table>")
        nested = f'<table:table-row table:number-rows-repeated="9999">{inside}</table:table-row>'
    for body in (f"<table:table>{bomb}</table:table>", f"<table:table>{nested}</table:table>"):
        with pytest.raises(UnsupportedDocument, match="its tables repeat more than 1,000,000 characters"):
            read("a.odt", odt_file(body))


def test_a_style_of_the_content_comes_before_one_of_the_same_name() -> None:
    def root(level: int) -> etree._Element:
        style = f'<style:style style:name="P1" style:default-outline-level="{level}"/>'
        return etree.fromstring(f"<styles{ODF_NAMES}>{style}</styles>")

    assert Styles([root(1), root(2)]).level("P1") == 1


def test_an_encrypted_file_says_so() -> None:
    with pytest.raises(UnsupportedDocument, match="the ODT file is encrypted: save it without a password"):
        read("a.odt", odt_file(p("x"), manifest="<manifest:encryption-data xmlns:manifest='m'/>"))
    mimetype = b"application/vnd.oasis.opendocument.text"
    with pytest.raises(UnsupportedDocument, match="not a readable ODT file: it has no content"):
        read("a.odt", zipped({"mimetype": mimetype}))


def test_xml_as_deep_as_the_parser_lets_through_is_read() -> None:
    assert text_of("<text:section>" * 240 + p("deep") + "</text:section>" * 240) == "deep"
    assert text_of(p("<text:span>" * 240 + "deep" + "</text:span>" * 240)) == "deep"


pieces = [p("雾岭 tea"), h("One", 1), h("Two", 2), table(cell(p("a")) + cell(p("b"))), p("Group 1 - x [1]")]
pieces += [p(""), f"<text:list><text:list-item>{p('item')}{h('Numbered', 3)}</text:list-item></text:list>"]


@given(st.lists(st.sampled_from(pieces), max_size=8).map("".join))
def test_every_span_is_where_it_says(body: str) -> None:
    check_spans(read("a.odt", odt_file(p("x") + body)))


def written_words(content: bytes) -> Iterator[str]:
    root = etree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("content.xml"))
    for element in root.iter(f"{{{ODF}:text:1.0}}p", f"{{{ODF}:text:1.0}}h"):
        yield from "".join(element.itertext()).split()


@pytest.mark.parametrize("path", real_files("odt") or [None], ids=lambda path: getattr(path, "name", ""))
def test_real_files_lose_no_word(path: Path | None) -> None:
    (path,) = needs([path] if path else [])
    document = read(path.name, path.read_bytes())
    check_spans(document)
    words = list(written_words(path.read_bytes()))
    if rows_of(document):
        assert [word for word in words if word not in document.text] == []
    else:
        assert in_order(iter(words), document.text) == []


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    content = odt_file(p("x") * 600)
    read_documents(File("a.odt", content, on_page=lambda done, total: told.append((done, total))))
    assert told == [(0, 600), (500, 600)]
