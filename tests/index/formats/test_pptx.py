"""Presentations: slide by slide, in the order in which a slide is read, by files of another library."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pptx as python_pptx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents
from pincite.index.passages import draft_passages
from pincite.index.splitter import split
from tests.fakes import FakeEncoder

from .office_files import (
    NAMES,
    A,
    P,
    R,
    check_spans,
    in_order,
    needs,
    ooxml,
    read,
    rows_of,
)
from .real_files import real_files


def saved(deck: python_pptx.presentation.Presentation) -> bytes:
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def deck_file(*trees: str, attributes: str = "", extra: dict[str, str] | None = None) -> bytes:
    """A presentation with a slide for each tree of shapes; every slide is related to the ``extra`` parts."""
    slides = {
        f"ppt/slides/slide{number}.xml": f"<p:sld {NAMES} {attributes}>{tree_of(tree)}</p:sld>"
        for number, tree in enumerate(trees, start=1)
    }
    order = "".join(f'<p:sldId id="{n}" r:id="s{n}"/>' for n in range(len(trees), 0, -1))
    parts = {
        "ppt/presentation.xml": f"<p:presentation {NAMES}><p:sldIdLst>{order}</p:sldIdLst></p:presentation>"
    }
    extra = extra or {}
    links = {
        "ppt/presentation.xml": [
            (f"s{n}", "slide", f"slides/slide{n}.xml") for n in range(1, len(trees) + 1)
        ],
        **{slide: [(name, name, f"../{name}.xml") for name in extra] for slide in slides},
    }
    return ooxml(parts | slides | {f"ppt/{name}.xml": xml for name, xml in extra.items()}, links)


def tree_of(shapes: str) -> str:
    return f"<p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>"


def shape(text: str, top: int = 0, left: int = 0, *, placeholder: str = "") -> str:
    place = f'<a:xfrm><a:off x="{left * 914400}" y="{top * 914400}"/></a:xfrm>' if top or left else ""
    paragraphs = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("|"))
    return (
        f"<p:sp><p:nvSpPr><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:spPr>{place}</p:spPr>"
        f"<p:txBody>{paragraphs}</p:txBody></p:sp>"
    )


def test_slides_are_parts_with_their_title_body_tables_charts_and_notes() -> None:
    deck = python_pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "茶 and\ttea"
    first.placeholders[1].text = "Green\nBlack"
    first.notes_slide.notes_text_frame.text = "Say\nslowly."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Sales"
    table = second.shapes.add_table(3, 3, Inches(1), Inches(5), Inches(4), Inches(1)).table
    for number, text in enumerate(("Kind", "Tons", "", "green", "30", "31", "", "40", "41")):
        table.cell(number // 3, number % 3).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(1, 0).merge(table.cell(2, 0))
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Tea", (5, 7))
    data.add_series("Coffee", (1.5, None))
    chart = second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, Inches(2), Inches(4), Inches(2), data)
    chart.chart.has_title = True
    chart.chart.chart_title.text_frame.text = "Tons by year"
    deck.core_properties.author = "Wu Lan"
    document = read("deck.pptx", saved(deck))
    assert document.text == (
        "茶 and tea\n\n- Green\n- Black\n\nNotes: Say\nslowly.\n\n"
        "Sales\n\nTons by year\n\n2023; Tea: 5; Coffee: 1.5\n2024; Tea: 7\n\n"
        "Kind: green; Tons: 30; Tons: 31\nKind: green; Tons: 40; Tons: 41\n\n"
    )
    assert [section.path for section in document.sections] == [
        ("slide 1", "茶 and tea"),
        ("slide 2", "Sales"),
    ]
    assert rows_of(document)[2][:2] == ("table 2 row", 1)
    assert document.metadata["title"] == "茶 and tea"
    assert document.notes == ()
    check_spans(document)


def test_a_passage_says_on_which_slide_it_is() -> None:
    document = read(
        "deck.pptx", deck_file(shape("second"), shape("first", placeholder='<p:ph type="title"/>'))
    )
    split_document, groups = split(document)
    drafts = draft_passages(split_document, groups, FakeEncoder().count_tokens, 100)
    assert [" › ".join(draft.group.path) for draft in drafts] == ["slide 1 › first", "slide 2"]


def test_shapes_are_read_top_to_bottom_then_left_to_right() -> None:
    group = (
        '<p:grpSp><p:grpSpPr><a:xfrm><a:off x="914400" y="2743200"/></a:xfrm></p:grpSpPr>'
        + shape("in group 2", 9, 1)
        + shape("in group 1", 8, 1)
        + "</p:grpSp>"
    )
    tree = (
        shape("last|line", 5, 1)
        + group
        + shape("right", 1, 5)
        + shape("left", 1, 1).replace(str(914400) + '"/>', str(914400 + 50_000) + '"/>')
        + shape("Title", 7, 1, placeholder='<p:ph type="ctrTitle"/>')
        + shape("footer", 9, 9, placeholder='<p:ph type="ftr"/>')
        + shape("under", 2, 1)
    )
    assert read("a.pptx", deck_file(tree)).text.split("\n\n") == (
        ["Title", "left", "right", "under", "in group 1", "in group 2", "last", "line", ""]
    )


def test_a_placeholder_stands_where_its_layout_or_master_puts_it() -> None:
    def layout(inside: str, tag: str) -> str:
        return f"<p:{tag} {NAMES}>{tree_of(inside)}</p:{tag}>"

    by_index, by_kind = '<p:ph idx="7"/>', '<p:ph type="subTitle"/>'
    tree = shape("low", placeholder=by_index) + shape("middle", 3, 1) + shape("high", placeholder=by_kind)
    extra = {
        "slideLayout": layout(shape("no", 6, 1, placeholder='<p:ph type="pic" idx="7"/>'), "sldLayout"),
        "slideMaster": layout(shape("no", 4, 1, placeholder='<p:ph type="body"/>'), "sldMaster"),
    }
    content = deck_file(tree, extra=extra)
    link = f'<Relationship Id="m" Type="{R}/slideMaster" Target="slideMaster.xml"/>'
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as file:
        file.writestr("ppt/_rels/slideLayout.xml.rels", f"<Relationships>{link}</Relationships>")
    assert read("a.pptx", buffer.getvalue()).text == "middle\n\nhigh\n\nlow\n\n"


def test_hidden_slides_are_read_and_images_counted() -> None:
    document = read(
        "a.pptx", deck_file(shape("secret") + "<p:pic/><p:pic/>", shape("x"), attributes='show="0"')
    )
    assert document.notes == (
        "hidden in the show, but read: slides 1, 2",
        "2 images without text",
    )
    assert document.text == "x\n\nsecret\n\n"


def test_cells_merged_across_keep_the_columns_after_them() -> None:
    def row(*cells: str) -> str:
        texts = (cell.partition(":") for cell in cells)
        inside = "".join(
            f"<a:tc {says}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"
            for text, _, says in texts
        )
        return f"<a:tr>{inside}</a:tr>"

    rows = row("A:gridSpan='2'", ":hMerge='1'", "B") + row("1", "2", "3")
    document = read("a.pptx", deck_file(f"<p:graphicFrame><a:tbl>{rows}</a:tbl></p:graphicFrame>"))
    assert rows_of(document) == [("row", 1, "A: 1; A: 2; B: 3")]


def test_diagrams_are_read_and_nothing_twice() -> None:
    frame = '<p:graphicFrame><a:graphicData><dgm:relIds r:dm="diagramData"/></a:graphicData></p:graphicFrame>'
    points = "".join(
        f"<dgm:pt{kind}><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:pt>"
        for kind, text in (("", "Plant"), (" type='pres'", "no"), ("", "Pick"))
    )
    data = f"<dgm:dataModel {NAMES}>{points}</dgm:dataModel>"
    document = read("a.pptx", deck_file(frame * 3, frame, extra={"diagramData": data}))
    assert document.text == "- Plant\n- Pick\n\n"


def test_a_presentation_without_slides_or_text_says_so() -> None:
    for content, reason in (
        (deck_file(), "the presentation has no slides"),
        (deck_file("<p:pic/>"), "there is no text in it"),
        (ooxml({"ppt/presentation.xml": "<x/>"}, {}), "holds something else"),
    ):
        with pytest.raises(UnsupportedDocument, match=reason):
            read("a.pptx", content)


def test_progress_is_told_by_slide() -> None:
    told: list[tuple[int, int]] = []
    content = deck_file(shape("a"), shape("b"))
    read_documents(File("a.pptx", content, on_page=lambda done, total: told.append((done, total))))
    assert told == [(1, 2), (2, 2)]


def slide_words(content: bytes) -> Iterator[str]:
    """Every word of every slide but those of its footer."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for name in file.namelist():
            if name.startswith("ppt/slides/slide"):
                root = etree.fromstring(file.read(name))
                footers = "//p:sp[.//p:ph[@type='sldNum' or @type='ftr' or @type='dt']]"
                for furniture in root.xpath(footers, namespaces={"p": P}):
                    furniture.getparent().remove(furniture)
                for text in root.iter(f"{{{A}}}t"):
                    yield from (text.text or "").split()


@pytest.mark.parametrize("path", real_files("pptx") or [None], ids=lambda path: getattr(path, "name", ""))
def test_real_files_lose_no_word_and_titles_are_their_slides(path: Path | None) -> None:
    (path,) = needs([path] if path else [])
    content = path.read_bytes()
    deck = python_pptx.Presentation(io.BytesIO(content))
    if not any(slide_words(content)):
        with pytest.raises(UnsupportedDocument, match="there is no text in it"):
            read(path.name, content)
        return
    document = read(path.name, content)
    check_spans(document)
    assert [word for word in slide_words(content) if word not in document.text] == []
    titles = [
        (f"slide {number}", " ".join(slide.shapes.title.text.split()))
        for number, slide in enumerate(deck.slides, start=1)
        if slide.shapes.title is not None and slide.shapes.title.text.strip()
    ]
    assert [section.path for section in document.sections if len(section.path) > 1] == titles
    assert in_order((title for _, title in titles), document.text) == []
