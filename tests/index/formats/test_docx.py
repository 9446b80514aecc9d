"""Word documents: what a reader of the printed page would read, under its headings, with rows named."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx as python_docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents

from .office_files import (
    NAMES,
    W,
    check_spans,
    in_order,
    needs,
    ooxml,
    paragraph,
    read,
    rows_of,
    word_file,
    word_text,
)
from .real_files import real_files
from .test_archive import zipped

STYLES = """
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:type="paragraph" w:styleId="Plain"><w:name w:val="Plain"/><w:basedOn w:val="berschrift1"/>
  <w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Deep"><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="Bullet">
  <w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="character" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>
"""


def styled(text: str, style: str) -> str:
    return paragraph(text, f'<w:pStyle w:val="{style}"/>')


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def table(*rows: str, properties: str = "") -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{properties}{row}</w:tr>' for row in rows)}</w:tbl>"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def test_headings_are_told_by_style_in_any_language_and_by_outline_level() -> None:
    body = (
        styled("About tea", "Titel")
        + paragraph("before")
        + styled("第一章 茶", "berschrift1")
        + styled("Leaves", "Deep")
        + paragraph("green")
        + styled("Two", "Own")
        + styled("no heading", "Plain")
        + paragraph("Three", '<w:outlineLvl w:val="0"/>')
        + styled("text", "Loop")
        + styled("Part", "Titel")
        + paragraph("end")
    )
    document = read("a.docx", word_file(body, styles=STYLES))
    assert [
        (s.path, document.text[s.body_start : s.end].strip())
        for s in document.sections
        if s.path != ("Part",)
    ] == [
        ((), "About tea\n\nbefore"),
        (("第一章 茶",), ""),
        (("第一章 茶", "Leaves"), "green"),
        (("Two",), "no heading"),
        (("Three",), "text"),
    ]
    assert document.sections[-1].path == ("Part",)
    assert document.metadata == {"title": "About tea"}


def test_a_heading_as_long_as_a_paragraph_is_one() -> None:
    document = read("a.docx", word_file(styled("long " * 60, "berschrift1"), styles=STYLES))
    assert [section.path for section in document.sections] == [()]


def test_properties_become_metadata_without_what_programs_fill_in() -> None:
    core = (
        "<dc:title>Tea\n report</dc:title><dc:creator>Wu Lan</dc:creator><dc:language>zh-CN</dc:language>"
        "<dcterms:created>2024-01-02T03:04:05Z</dcterms:created>"
        "<dcterms:modified>2024-11-05T10:30:59Z</dcterms:modified>"
    )
    body = styled("Another title", "Titel")
    assert read("a.docx", word_file(body, styles=STYLES, core=core)).metadata == {
        "title": "Tea report",
        "author": "Wu Lan",
        "date": "2024-11-05T10:30",
        "language": "zh",
    }
    core = "<dc:title>Word Document</dc:title><dc:creator>python-docx</dc:creator>"
    assert read("a.docx", word_file(body, styles=STYLES, core=core)).metadata == {"title": "Another title"}


def test_lists_become_lines_and_what_follows_is_set_apart() -> None:
    numbered = '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr>'
    body = (
        paragraph("one", numbered)
        + styled("two", "Bullet")
        + paragraph("no item", '<w:pStyle w:val="Bullet"/><w:numPr><w:numId w:val="0"/></w:numPr>')
        + styled("three", "Bullet")
        + styled("Heading", "berschrift1")
    )
    assert word_text(body, styles=STYLES) == "- one\n- two\n\nno item\n\n- three\n\nHeading"


def test_nothing_is_lost_in_wrappers() -> None:
    body = (
        f"<w:sdt><w:sdtPr><w:alias w:val='no'/></w:sdtPr>"
        f"<w:sdtContent>{paragraph('block')}</w:sdtContent></w:sdt>"
        f"<w:p><w:sdt><w:sdtContent>{run('a')}</w:sdtContent></w:sdt><w:smartTag>{run('b')}</w:smartTag>"
        f"<w:hyperlink r:id='x'>{run('c')}</w:hyperlink><w:fldSimple w:instr='no'>{run('d')}</w:fldSimple>"
        f"<w:customXml>{run('e')}</w:customXml><w:r><w:instrText>no</w:instrText></w:r>"
        f"<w:r><w:tab/><w:t>f</w:t><w:br/><w:t>g</w:t><w:noBreakHyphen/><w:sym w:char='F0B7'/>"
        "<w:sym w:char='2192'/><w:sym w:char='zz'/></w:r></w:p>"
        f"<w:sdt><w:sdtContent>{table(cell('h') + cell('i'))}</w:sdtContent></w:sdt>"
    )
    assert word_text(body) == "block\n\nabcde\tf\ng-→\n\nh; i"


def test_tracked_changes_read_as_if_accepted() -> None:
    body = (
        f"<w:p>{run('We ')}<w:ins>{run('agree')}</w:ins>"
        "<w:del><w:r><w:delText>refuse</w:delText></w:r></w:del>"
        f"<w:moveFrom>{run('gone')}</w:moveFrom><w:moveTo>{run(' here')}</w:moveTo></w:p>"
        "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>joined </w:t></w:r></w:p>"
        + paragraph("to this")
        + table(cell("kept") + cell("1"))
        + table(cell("deleted") + cell("2"), properties="<w:trPr><w:del/></w:trPr>")
    )
    assert word_text(body) == "We agree here\n\njoined to this\n\nkept; 1"


def test_text_whose_paragraph_s_end_was_deleted_is_not_lost() -> None:
    open_end = "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>"
    cells = f"<w:tc>{open_end.format('a')}</w:tc><w:tc>{open_end.format('b ')}{paragraph('c')}</w:tc>"
    assert word_text(table(cells) + open_end.format("end")) == "a; b c\n\nend"


def test_hidden_text_is_left_out_and_comments_and_images_are_counted() -> None:
    body = (
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>no</w:t></w:r>"
        "<w:r><w:rPr><w:rStyle w:val='Secret'/></w:rPr><w:t>no</w:t></w:r>"
        "<w:r><w:rPr><w:rStyle w:val='Secret'/><w:vanish w:val='0'/></w:rPr><w:t>yes</w:t></w:r>"
        "<w:r><w:commentReference w:id='1'/></w:r>"
        "<w:r><w:drawing><a:blip/><a:blip/></w:drawing></w:r></w:p><w:altChunk r:id='x'/>"
    )
    document = read("a.docx", word_file(body, styles=STYLES))
    assert document.text == "yes\n\n"
    assert document.notes == ("2 images without text", "1 comment left out", "1 embedded document left out")


def test_a_text_box_is_read_once_behind_its_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph('in the box')}{table(cell('a') + cell('b'))}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>before</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>"
        f"<wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{paragraph('no')}</v:textbox>"
        "</w:pict></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t> after</w:t></w:r></w:p>"
    )
    assert word_text(body) == "before after\n\nin the box\n\na; b"


def test_footnotes_follow_their_paragraph_and_are_read_once() -> None:
    notes = (
        f"<w:footnote w:id='0' w:type='separator'>{paragraph('no')}</w:footnote>"
        f"<w:footnote w:id='2'>{paragraph('See')}{paragraph('Wu 2010.')}</w:footnote>"
        f"<w:footnote w:id='3'>{paragraph('unused')}</w:footnote>"
    )
    ends = f"<w:endnote w:id='2'>{paragraph('The end.')}</w:endnote>"
    reference = "<w:r><w:footnoteReference w:id='2'/></w:r>"
    body = (
        f"<w:p>{run('Tea')}{reference}{run(' grew.')}{reference}"
        "<w:r><w:endnoteReference w:id='2'/></w:r></w:p>"
        f"{paragraph('More.')}"
        + table(f"<w:tc><w:p>{run('x')}<w:r><w:footnoteReference w:id='0'/></w:r></w:p></w:tc>")
    )
    assert word_text(body, footnotes=notes, endnotes=ends) == (
        "Tea grew.\n\nFootnote 1: See Wu 2010.\n\nEndnote 1: The end.\n\nMore.\n\nx"
    )


def test_merged_cells_keep_every_text_under_its_header() -> None:
    rows = (
        cell("Bank") + cell("2024", '<w:gridSpan w:val="2"/>'),
        cell("", "<w:vMerge/>") + cell("Q1") + cell("Q2"),
        cell("OCBC", '<w:vMerge w:val="restart"/>') + cell("30") + cell("31"),
        cell("", "<w:vMerge/>") + cell("32") + cell("", ""),
    )
    header = "<w:trPr><w:tblHeader/></w:trPr>"
    body = f"<w:tbl><w:tr>{header}{rows[0]}</w:tr><w:tr>{header}{rows[1]}</w:tr><w:tr>{rows[2]}</w:tr>" + (
        f"<w:tr>{rows[3]}</w:tr></w:tbl>"
    )
    assert rows_of(read("a.docx", word_file(body))) == [
        ("row", 1, "Bank: OCBC; 2024 Q1: 30; 2024 Q2: 31"),
        ("row", 2, "Bank: OCBC; 2024 Q1: 32"),
    ]


def test_rows_may_begin_further_right_and_cells_be_too_wide() -> None:
    wide = cell("1", '<w:gridSpan w:val="999999999"/>') + cell("x")
    moved = f"<w:trPr><w:gridBefore w:val='1'/></w:trPr>{cell('2')}"
    document = read("a.docx", word_file(table(cell("A") + cell("B"), moved, wide)))
    assert [text for _, _, text in rows_of(document)] == ["B: 2", "A: 1; x"]


def test_tables_for_layout_are_prose() -> None:
    one_column = table(cell("first"), cell("second"))
    long_cell = table(cell("Name") + cell("long " * 120), cell("x") + cell("y"))
    nested = table(f"<w:tc>{table(cell('A') + cell('B'), cell('1') + cell('2'))}</w:tc>" + cell("side"))
    document = read("a.docx", word_file(one_column + long_cell + nested))
    assert rows_of(document) == [("row", 1, "A: 1; B: 2")]
    assert document.text.startswith("first\n\nsecond\n\nName\n\nlong long")
    assert document.text.endswith("A: 1; B: 2\n\nside\n\n")


def test_equations_and_charts_are_read() -> None:
    def number(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = f"<m:f><m:num>{number('a+b')}</m:num><m:den>{number('2')}</m:den></m:f>"
    root = f"<m:rad><m:e>{number('x')}</m:e></m:rad>"
    power = f"<m:sSup><m:e>{number('x')}</m:e><m:sup>{number('2')}</m:sup></m:sSup>"
    bounds = f"<m:sub>{number('i=1')}</m:sub><m:sup>{number('n')}</m:sup>"
    total = f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr>{bounds}<m:e>{number('i')}</m:e></m:nary>"
    equation = f"<m:oMathPara><m:oMath>{fraction}{root}{power}{total}</m:oMath></m:oMathPara>"
    body = f"<w:p>{run('y = ')}{equation}</w:p>"
    assert word_text(body) == "y = (a+b)/2√(x)x^2∑_(i=1)^n i"
    chart = (
        f"<c:chartSpace {NAMES}><c:chart><c:title><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:title>"
        "<c:plotArea><c:ser><c:tx><c:v>Tea</c:v></c:tx><c:cat><c:pt idx='1'><c:v>2023</c:v></c:pt>"
        "<c:pt idx='8'><c:v>2024</c:v></c:pt></c:cat><c:val><c:pt idx='8'><c:v>7</c:v></c:pt>"
        "<c:pt idx='1'><c:v>5</c:v></c:pt></c:val></c:ser></c:plotArea></c:chart></c:chartSpace>"
    )
    drawing = (
        "<w:p><w:r><w:drawing><a:graphicData><c:chart r:id='c'/></a:graphicData></w:drawing></w:r></w:p>"
    )
    content = ooxml(
        {
            "word/document.xml": f"<w:document {NAMES}><w:body>{drawing * 2}</w:body></w:document>",
            "word/charts/chart1.xml": chart,
        },
        {"word/document.xml": [("c", "chart", "/word/charts/chart1.xml")]},
    )
    document = read("a.docx", content)
    assert document.text == "Sales\n\n2023; Tea: 5\n2024; Tea: 7\n\n"


def test_strict_files_and_macros_and_odd_names_are_read() -> None:
    with zipfile.ZipFile(io.BytesIO(word_file(paragraph("strict")))) as file:
        members = {name: file.read(name) for name in file.namelist()}
    usual = rb"http://schemas.openxmlformats.org/(\w+)/2006/(main|relationships)"
    strict = {name: re.sub(usual, rb"http://purl.oclc.org/ooxml/\1/\2", xml) for name, xml in members.items()}
    assert b"purl.oclc.org/ooxml/wordprocessingml/main" in strict["word/document.xml"]
    strict["WORD\\Document.xml"] = strict.pop("word/document.xml")
    assert read("a.docm", zipped(strict)).text == "strict\n\n"


def test_a_file_that_is_no_word_document_says_so() -> None:
    for content, reason in (
        (ooxml({"word/x.xml": "<x/>"}, {}), "it has no word/document.xml"),
        (ooxml({"word/document.xml": "<x/>"}, {}), "word/document.xml holds something else"),
        (ooxml({"word/document.xml": f"<w:document {NAMES}><w:body>"}, {}), "word/document.xml: "),
        (word_file(""), "there is no text in it"),
    ):
        with pytest.raises(UnsupportedDocument, match=reason):
            read("a.docx", content)


def test_xml_as_deep_as_the_parser_lets_through_is_read() -> None:
    assert word_text("<w:sdt>" * 240 + paragraph("deep") + "</w:sdt>" * 240) == "deep"
    assert word_text("<w:tbl><w:tr><w:tc>" * 80 + paragraph("deep") + "</w:tc></w:tr></w:tbl>" * 80) == "deep"
    assert word_text("<w:p>" + "<w:ins>" * 240 + run("deep") + "</w:ins>" * 240 + "</w:p>") == "deep"


words = st.lists(
    st.sampled_from(["tea", "雾岭", "a\u0301", "😀", "1.", "Group 1 - x", " ", "- "]), max_size=6
).map(" ".join)
bodies = st.recursive(
    st.builds(
        lambda text, properties: paragraph(text, properties),
        words,
        st.sampled_from(["", '<w:outlineLvl w:val="1"/>', '<w:numPr><w:numId w:val="1"/></w:numPr>']),
    ),
    lambda inner: st.lists(
        st.lists(inner.map("<w:tc>{}</w:tc>".format), max_size=3).map("".join), max_size=3
    ).map(lambda rows: table(*rows)),
    max_leaves=12,
)


@given(st.lists(bodies, max_size=6).map("".join))
def test_every_span_is_where_it_says(body: str) -> None:
    try:
        document = read("a.docx", word_file(body))
    except UnsupportedDocument:
        return
    check_spans(document)


def written_words(root: etree._Element) -> Iterator[str]:
    """What every run writes, those deleted, hidden or written twice aside, in the file's order."""
    left_out = {f"{{{W}}}del", f"{{{W}}}moveFrom", f"{{{W}}}txbxContent"}
    for element in root.iter(f"{{{W}}}t"):
        if not any(above.tag in left_out for above in element.iterancestors()):
            yield from (element.text or "").split()


@pytest.mark.parametrize("path", real_files("docx") or [None], ids=lambda path: getattr(path, "name", ""))
def test_real_files_lose_no_word(path: Path | None) -> None:
    (path,) = needs([path] if path else [])
    content = path.read_bytes()
    document = read(path.name, content)
    check_spans(document)
    written = written_words(etree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml")))
    plain = document.text
    if rows_of(document):  # rows repeat their headers, so that only their presence can be asked
        assert [word for word in written if word not in plain] == []
    else:
        assert in_order(written, plain) == []
    try:
        paragraphs = python_docx.Document(io.BytesIO(content)).paragraphs
    except KeyError:
        return  # python-docx does not open a file without the usual parts
    assert (
        rows_of(document) or in_order((word for one in paragraphs for word in one.text.split()), plain) == []
    )


def test_a_document_by_another_library_is_read() -> None:
    made = python_docx.Document()
    made.add_heading("茶的历史", 0)
    made.add_heading("Growth", 1)
    made.add_paragraph("Tea grew in the hills.")
    made.add_paragraph("green", style="List Bullet")
    grid = made.add_table(2, 2)
    for number, text in enumerate(("Kind", "Tons", "green", "30")):
        grid.cell(number // 2, number % 2).text = text
    made.core_properties.author = "Wu Lan"
    buffer = io.BytesIO()
    made.save(buffer)
    document = read("tea.docx", buffer.getvalue())
    assert document.text == (
        "茶的历史\n\nGrowth\n\nTea grew in the hills.\n\n- green\n\nKind: green; Tons: 30\n\n"
    )
    assert document.sections[-1].path == ("Growth",)
    assert document.metadata["title"] == "茶的历史"


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    content = word_file(paragraph("x") * 1200)
    read_documents(File("a.docx", content, on_page=lambda done, total: told.append((done, total))))
    assert told == [(0, 1200), (500, 1200), (1000, 1200)]
