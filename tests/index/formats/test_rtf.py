"""Rich Text Format: characters in every code page, headings, tables, and what is not to be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents

from .office_files import check_spans, needs, read, rows_of
from .real_files import real_files


def rtf(body: str | bytes, head: str = r"\ansi\ansicpg1252") -> bytes:
    inside = body if isinstance(body, bytes) else body.encode("latin-1")
    return b"{\\rtf1" + head.encode() + b" " + inside + b"}"


def text_of(body: str | bytes, head: str = r"\ansi\ansicpg1252") -> str:
    return read("a.rtf", rtf(body, head)).text.rstrip()


def hexed(text: str, encoding: str) -> str:
    return "".join(rf"\'{byte:02x}" for byte in text.encode(encoding))


@pytest.mark.parametrize(
    ("text", "encoding", "page"),
    [
        ("café “x” €5", "cp1252", 1252),
        ("雾岭茶叶", "gb18030", 936),
        ("這是茶", "cp950", 950),
        ("これはソ能表", "cp932", 932),
        ("오늘은 날씨", "cp949", 949),
        ("русский", "cp1251", 1251),
        ("ελληνικά", "cp1253", 1253),
        ("naïve", "mac_roman", 10000),
        ("雾 tea", "utf-8", 65001),
    ],
)
def test_code_pages(text: str, encoding: str, page: int) -> None:
    assert text_of(hexed(text, encoding), rf"\ansi\ansicpg{page}") == text
    assert text_of(text.encode(encoding), rf"\ansi\ansicpg{page}") == text or encoding == "cp932"


def test_a_double_byte_character_may_end_in_a_plain_letter_or_an_escaped_brace() -> None:
    assert "ア".encode("cp932") == b"\x83A"
    assert text_of(r"\'83A\'83\\", r"\ansi\ansicpg932") == "アソ"
    assert text_of("\\'83\r\nA", r"\ansi\ansicpg932") == "ア"


@pytest.mark.parametrize(
    ("charset", "text", "encoding"),
    [
        (134, "雾岭", "gbk"),
        (128, "茶", "cp932"),
        (129, "차", "cp949"),
        (204, "чай", "cp1251"),
        (0, "é", "cp1252"),
    ],
)
def test_a_font_has_a_charset_of_its_own(charset: int, text: str, encoding: str) -> None:
    fonts = rf"{{\fonttbl{{\f0\fswiss Arial;}}{{\f7\fnil\fcharset{charset}{{\*\panose 0}}Font;}}}}"
    assert text_of(rf"{fonts}\f7 {hexed(text, encoding)}\f0 \'e9\plain \'e8") == f"{text}éè"
    assert text_of(rf"{fonts}\loch\af0\dbch\af7 {hexed(text, encoding)}{{\loch\f0 \'e9}}") == f"{text}é"
    assert text_of(rf"\deff7{fonts}{hexed(text, encoding)}") == text
    page = rf"{{\fonttbl{{\f3\fnil\cpg1251 F;}}}}\f3 {hexed('чай', 'cp1251')}"
    assert text_of(page) == "чай"


def test_unknown_code_pages_are_western_and_bad_bytes_replaced() -> None:
    assert text_of(r"\'e9", r"\ansi\ansicpg99999") == "é"
    assert text_of(r"a\'ff\'ffb\'zz", r"\ansi\ansicpg936") == "a\ufffd\ufffdbzz"


def test_unicode_characters_and_their_fallback() -> None:
    assert text_of(r"\u38654?\u23725\'3f\u-28672 *") == "雾岭退"
    assert text_of(r"\uc2\u38654\'ce\'edx{\uc0\u233 y}\u233 ab z") == "雾xéyé z"
    assert text_of(r"x\u-10179?\u-8704?\u128512?\u-10179?") == "x😀😀\ufffd"
    assert text_of(r"a\u61623?b\u-3913?c") == "abc"
    assert text_of(r"\u233{\b x}\u233\par y") == "éxé\n\ny"


def test_special_characters() -> None:
    body = r"\lquote a\rquote\ldblquote b\rdblquote\emdash c\endash d\bullet e\~f\_g\-h\tab i\line j\{\}\\"
    assert text_of(body) == "‘a’“b”—c–d•e\u00a0f-gh\ti\nj{}\\"
    assert text_of("one\\\ntwo\r\nthree\\par\\par four") == "one\n\ntwothree\n\nfour"


STYLES = (
    r"{\stylesheet{\s0 Normal;}{\s1\sbasedon0 heading 1;}{\s2\outlinelevel1 Eigene;}{\*\cs10 heading 3;}"
    r"{\s15 Title;}{\s4\outlinelevel9 Body;}}"
)


def test_headings_by_style_name_or_outline_level() -> None:
    body = (
        STYLES + r"\pard\s15 About tea\par\pard intro\par\pard\s1{\b One}\par\pard a\par\pard\s2 Two\par"
        r"\pard\outlinelevel0 Three\par{\pard\outlinelevel1 Four\par}\pard x\par\pard\s1\outlinelevel9 no\par"
        r"\pard\s15 End\par"
    )
    document = read("a.rtf", rtf(body))
    assert [(s.path, document.text[s.body_start : s.end].strip()) for s in document.sections] == [
        ((), "About tea\n\nintro"),
        (("One",), "a"),
        (("One", "Two"), ""),
        (("Three",), ""),
        (("Three", "Four"), "x\n\nno"),
        (("End",), ""),
    ]
    assert document.metadata == {"title": "About tea"}


def test_information_becomes_metadata() -> None:
    info = (
        r"{\info{\title Tea \u8212- caf\'e9}{\author Wu Lan}{\doccomm no}{\*\company no}"
        r"{\creatim\yr2023\mo1\dy2\hr3\min4}{\revtim\yr2024\mo11\dy5\hr10\min30\sec9}}"
    )
    assert read("a.rtf", rtf(info + "x")).metadata == {
        "title": "Tea — café",
        "author": "Wu Lan",
        "date": "2024-11-05T10:30",
    }
    assert read("a.rtf", rtf(r"{\info{\creatim\yr0\mo99}}x")).metadata == {}


def test_what_is_not_the_text_is_passed_over() -> None:
    body = (
        r"{\colortbl;\red0;}{\*\generator no;}{\header no\par}{\footerl no}{\*\unknown{\deeper no}}"
        r"{\pict\wmetafile8 010203}{\*\shppict{\pict 01}}{\nonshppict{\pict 02}}"
        r"{\object{\*\objdata 00}{\result no}}"
        r"{\field{\*\fldinst HYPERLINK no}{\fldrslt link}} {\v no}\v no\v0 a\deleted no\plain b"
        r"{\*\annotation no}{\xe no}{\listtext\bullet\tab}item\par{\upr{c}{\*\ud d}}"
    )
    document = read("a.rtf", rtf(body))
    assert document.text == "- link abitem\n\nc\n\n"
    assert document.notes == ("2 images without text", "1 comment left out")


def test_binary_data_is_passed_over_whatever_is_in_it() -> None:
    assert text_of(b"a{\\pict\\bin7 }}}{{\\x}b\\bin3 }}}c\\bin-5 d") == "abcd"


def test_footnotes_and_text_boxes_follow_their_paragraph() -> None:
    body = (
        r"Tea{\footnote\pard\plain\s1 See\par Wu.}{\footnote\ftnalt End.} grew."
        r"{\shp{\*\shpinst{\sp{\sn no}{\sv no}}"
        r"{\shptxt boxed\par more}}{\shprslt no}}\par next{\v{\footnote hidden}}"
    )
    assert text_of(STYLES + body) == (
        "Tea grew.\n\nFootnote 1: See Wu.\n\nEndnote 1: End.\n\nboxed\n\nmore\n\nnext"
    )


def test_tables_become_rows() -> None:
    body = (
        r"before\par\trowd\cellx2000\cellx5000\cellx8000"
        r"\pard\intbl Bank\cell\pard\intbl\s1 2023\cell 2024\cell\row"
        r"\trowd\cellx2000\clmgf\cellx5000\clmrg\cellx8000\intbl{OCBC\cell both\cell\cell}"
        r"{\trowd\cellx2000\clmgf\cellx5000\clmrg\cellx8000\row}"
        r"\trowd\clvmgf\cellx2000\cellx8000\pard\intbl DBS\cell\pard\intbl wide\par text\cell\row"
        r"\trowd\clvmrg\cellx2000\cellx5000\cellx8000\cell 1\cell 2\cell\row\pard after\par"
        r"\trowd\trleft2000\cellx5000\cellx8000 x\cell y\cell\row"
    )
    document = read("a.rtf", rtf(STYLES + body))
    assert rows_of(document) == [
        ("row", 1, "Bank: OCBC; 2023: both"),
        ("row", 2, "Bank: DBS; 2023: wide text"),
        ("row", 3, "Bank: DBS; 2023: 1; 2024: 2"),
        ("table 2 row", 1, "x; y"),
    ]
    assert document.text.startswith("before\n\nBank: OCBC")
    assert "\n\nafter\n\n" in document.text


def test_cells_are_under_the_headers_that_their_edges_say() -> None:
    body = (
        r"\trowd\cellx2000\cellx5000\cellx8000 A\cell B\cell C\cell\row"
        r"\trowd\trleft2000\cellx5000\cellx8000 x\cell y\cell\row"
        r"\trowd\clmgf\cellx2000\clmrg\cellx5000\cellx8000 both\cell\cell z\cell\row"
    )
    assert [text for _, _, text in rows_of(read("a.rtf", rtf(body)))] == ["B: x; C: y", "A: both; C: z"]


def test_header_rows_and_nested_tables() -> None:
    body = (
        r"\trowd\trhdr\cellx1\cellx2 Year\cell Tea\cell\row\trowd\trhdr\cellx1\cellx2\cell tons\cell\row"
        r"\trowd\cellx1\cellx2\intbl 2024\cell\itap2 a\nestcell b\nestcell{\*\nesttableprops\trowd\nestrow}"
        r"{\nonesttables no\par}\itap1 30\cell\row"
    )
    assert [text for _, _, text in rows_of(read("a.rtf", rtf(body)))] == ["Year: 2024; Tea tons: a b 30"]


def test_a_file_that_breaks_off_is_read_and_says_so() -> None:
    whole = rtf(r"{\b one\par two\par}\trowd\cellx9\intbl a\cell b")
    document = read("a.rtf", whole[:-1])
    assert document.text == "one\n\ntwo\n\na; b\n\n"
    assert document.notes == ("the file breaks off before its end",)
    assert read("a.rtf", whole + b"} after").notes == ()
    assert "after" not in read("a.rtf", whole + b"} after").text


def test_a_file_that_is_no_rtf_says_so() -> None:
    with pytest.raises(UnsupportedDocument, match="not a readable RTF file: it does not begin as one"):
        read("a.rtf", b"plain")
    with pytest.raises(UnsupportedDocument, match="there is no text in it"):
        read("a.rtf", rtf(""))
    with pytest.raises(UnsupportedDocument, match="more than 1,000 groups in each other"):
        read("a.rtf", rtf("{" * 2_000_000))


@given(st.text("雾é😀 a\\{}\n", max_size=20).map("{}x".format))
def test_every_character_survives_as_unicode(text: str) -> None:
    units = text.encode("utf-16-le")
    codes = [int.from_bytes(units[at : at + 2], "little", signed=True) for at in range(0, len(units), 2)]
    assert text_of("".join(rf"\u{code}?" for code in codes)) == text.strip()


pieces = [
    r"\par ",
    r"\pard\s1 ",
    r"\outlinelevel2 ",
    r"\trowd\cellx5\cellx9 ",
    r"\cell ",
    r"\row ",
    r"\intbl ",
]
pieces += [
    "{",
    "}",
    r"\u38654?",
    r"\'e9",
    "tea 1. ",
    r"{\footnote x}",
    r"{\v y}",
    r"\*",
    r"\pard ",
    r"{\shp{\shptxt b}}",
]


@given(st.lists(st.sampled_from(pieces), max_size=30).map("".join))
def test_every_span_is_where_it_says(body: str) -> None:
    document = read("a.rtf", rtf(STYLES + "x" + body))
    check_spans(document)


@pytest.mark.parametrize("path", real_files("rtf") or [None], ids=lambda path: getattr(path, "name", ""))
def test_real_files_are_read(path: Path | None) -> None:
    (path,) = needs([path] if path else [])
    document = read(path.name, path.read_bytes())
    check_spans(document)
    if path.with_suffix(".odt").exists():  # the same text, saved as OpenDocument
        assert document.text == read("a.odt", path.with_suffix(".odt").read_bytes()).text


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    content = rtf(r"\b x" * 20_000)
    read_documents(File("a.rtf", content, on_page=lambda done, total: told.append((done, total))))
    assert told == [(0, 1), (0, 1), (1, 1)]
