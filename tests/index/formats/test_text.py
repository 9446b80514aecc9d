"""From a file's bytes to text: encodings, what is no text at all, and the headings of Markdown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, markdown, read_documents, text_document, with_text
from pincite.index.formats.alphabets import latin_encoding
from pincite.index.formats.markdown import markdown_sections
from pincite.index.formats.text import decode

from ..texts import texts

MIXED = "Ferry: £5, naïve “quotes”.\n雾岭茶叶 😀\n"
CHINESE = "雾岭村在青溪县西北角,三面是山,一条溪从村口流过。"
JAPANESE = "これは日本語の文章です。今日は天気が良いので散歩に行きます。"


def read_file(path: Path, content: bytes) -> tuple[Document, ...]:
    """The documents in a file."""
    return read_documents(File(path.name, content))


def read_text(content: bytes, name: str = "a.txt") -> str:
    (document,) = read_file(Path(name), content)
    return document.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_with_and_without_a_mark(encoding: str) -> None:
    assert read_text(MIXED.encode(encoding)) == MIXED


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_is_read_in_either_byte_order(encoding: str) -> None:
    assert read_text(f"\ufeff{MIXED}".encode(encoding)) == MIXED


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_english_utf_16_is_told_without_a_mark(encoding: str) -> None:
    assert read_text(f"Plain English – naïve, {CHINESE[:2]}\n".encode(encoding)).startswith("Plain English –")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "gb18030"),
        ("這是一個中文的句子,今天天氣很好。", "big5"),
        (JAPANESE, "shift_jis"),
        ("안녕하세요. 오늘은 날씨가 좋습니다.", "euc_kr"),
        ("Это русский текст о погоде и о чае.", "cp1251"),
        ("Le café était fermé; l'été fut très long.", "latin-1"),
        ("café", "latin-1"),
        ("El niño español comió jamón.", "latin-1"),
        ("It’s “fine” – really, for £5 at 20°C.", "cp1252"),
        ("¿Dónde está el niño? Mañana comerá jamón.", "latin-1"),
        ("Gestern schien die Sonne über den Dächern; größte Freude für alle.", "cp1252"),
        ("Hier soir il pleuvait, mais le soleil brille : c’était l’été, « déjà » créée.", "cp1252"),
        ("I går kväll regnade det, men idag skiner solen på ön.", "cp1252"),
        ("Í gær rigndi það, en í dag skín sólin. Það er þó ekki öllum ljóst.", "cp1252"),
        ("Wczoraj padał deszcz.", "cp1250"),
        ("Wczoraj padał deszcz.", "iso-8859-2"),
        ("Zażółć gęślą jaźń. Dzisiaj świeci słońce i wszyscy są szczęśliwi.", "cp1250"),
        ("Zażółć gęślą jaźń. Dzisiaj świeci słońce i wszyscy są szczęśliwi.", "iso-8859-2"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy. Dnes svítí slunce.", "cp1250"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy. Dnes svítí slunce.", "iso-8859-2"),
        ("Árvíztűrő tükörfúrógép. Tegnap esett az eső, de ma süt a nap.", "iso-8859-2"),
        ("Aseară a plouat, dar astăzi soarele străluceşte şi toţi sunt fericiţi.", "cp1250"),
        ("Vakar lijo, o šiandien šviečia saulė ir visi yra labai laimingi žmonės.", "cp1257"),
        ("Dün akşam yağmur yağıyordu, ama bugün güneş parlıyor ve herkes mutlu.", "cp1254"),
        ("Вчера шёл дождь, а сегодня светит солнце, и все счастливы.", "koi8-r"),
        ("Вчера шёл дождь, а сегодня светит солнце, и все счастливы.", "iso-8859-5"),
        ("Вчора йшов дощ, а сьогодні світить сонце, і всі щасливі.", "koi8-u"),
        ("Χθες έβρεχε, αλλά σήμερα έχει ήλιο και όλοι είναι ευτυχισμένοι.", "iso-8859-7"),
        ("Χθες έβρεχε, αλλά σήμερα έχει ήλιο και όλοι είναι ευτυχισμένοι.", "cp1253"),
        ("אתמול בערב ירד גשם, אבל היום השמש זורחת וכולם שמחים.", "cp1255"),
        ("昨日は雨が降りましたが、今日は太陽が輝いていて、みんな幸せです。", "euc_jp"),
        ("昨日は雨が降りましたが、今日は太陽が輝いています。", "iso2022_jp"),
        ("어제는 비가 왔지만 오늘은 해가 빛나고 모두가 행복합니다.", "cp949"),
    ],
)
def test_older_encodings_are_guessed(text: str, encoding: str) -> None:
    assert read_text(text.encode(encoding)) == text


def test_what_no_language_has_together_is_not_forced_into_an_alphabet() -> None:
    assert latin_encoding("padał deszcz".encode("cp1250")) == "cp1250"
    assert latin_encoding("Чай и вода в горах".encode("cp1251")) is None
    assert latin_encoding(CHINESE.encode("gb18030")) is None


def test_an_encoding_is_told_late_in_a_long_file_too() -> None:
    late = "plain words here. " * 100_000 + CHINESE
    assert read_text(late.encode("gb18030")) == late


def test_bytes_that_no_western_encoding_defines_are_still_read() -> None:
    assert decode(b"a caf\xe9 " * 20 + b"\x81") == "a café " * 20 + "\x81"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (("雾岭茶叶。" * 20).encode()[:-1], "雾岭茶叶。" * 19 + "雾岭茶叶\ufffd"),
        ("“Tea” – said he. ".encode() * 20 + b"\xff.", "“Tea” – said he. " * 20 + "\ufffd."),
        (b"lone \xed\xa0\x80 and \xed\xbf\xbf", "lone \ufffd and \ufffd"),
        (b"a pair \xed\xa0\xbd\xed\xb8\x80 as Java writes it", "a pair 😀 as Java writes it"),
        (b"\xef\xbb\xbf" + b"plain " * 20 + b"\xff", "plain " * 20 + "\ufffd"),
        (MIXED.encode("utf-16")[:-1], MIXED[:-1] + "\ufffd"),
        ("wide text".encode("utf-16") + b"\x00\xd8!\x00" * 9, "wide text" + "\ufffd!" * 9),
    ],
)
def test_a_few_broken_places_do_not_cost_the_rest(content: bytes, text: str) -> None:
    assert read_text(content) == text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n\t \r\n", "there is no text in it"),
        ("-- ?! 😀 --".encode(), "there is no text in it"),
        (b"\xef\xbb\xbf", "there is no text in it"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 8, "binary data"),
        (b"plain ascii with a \x00 in it", "binary data"),
        (b"\x00" * 100, "binary data"),
        (b"some \x01\x02\x03\x04\x05 controls", "binary data"),
        (b"\xff\xfea\x00b", "starts as utf-16 text but breaks off at byte"),
        (b"\xef\xbb\xbfabc\xff", "starts as utf-8-sig text but breaks off at byte"),
    ],
)
def test_a_file_without_text_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedDocument, match=reason):
        read_file(Path("a.txt"), content)


def test_a_format_without_a_reader_is_named_with_those_that_have_one() -> None:
    binary = b"\x00\x01" + bytes(range(256))
    with pytest.raises(
        UnsupportedDocument, match=r"^\.foo files cannot be read; these can: \.csv, .* \.xlsx"
    ):
        read_file(Path("a.FOO"), binary)
    with pytest.raises(UnsupportedDocument, match="binary data"):
        read_file(Path("a"), binary)
    assert read_file(Path("a.foo"), b"Plain text.")[0].text == "Plain text."


def test_only_the_ending_and_the_first_bytes_choose_the_reader() -> None:
    heading = b"# Head\n\nbody"
    assert read_file(Path("x/a.MD"), heading)[0].sections
    assert not read_file(Path("a.txt"), heading)[0].sections
    assert read_file(Path("noending"), heading)[0].text == "# Head\n\nbody"
    with pytest.raises(UnsupportedDocument, match="not a readable PDF"):
        read_file(Path("a.txt"), b"%PDF-1.7 nothing more")


def test_what_a_library_raises_becomes_the_files_own_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise ValueError("too odd")

    monkeypatch.setattr(markdown, "markdown_sections", explode)
    with pytest.raises(UnsupportedDocument, match="its reader failed: ValueError: too odd"):
        read_file(Path("a.md"), b"# Head")


def test_line_ends_marks_and_what_utf_8_cannot_hold_are_made_plain() -> None:
    assert text_document("\ufeffa\r\nb\rc\u2028d\u2029e").text == "a\nb\nc\nd\ne"
    assert text_document("x\ud800y\x00z").text == "x\ufffdy\ufffdz"
    assert with_text(Document("x")) == Document("x")


def test_headings_make_sections_with_their_path() -> None:
    text = "before\n\n# A\n\none\n\n## B\n\ntwo\n\n### C\nthree\n\n## B\n\nfour\n\n# D\n"
    document = text_document(text, is_markdown=True)
    assert document.metadata == {"title": "A"}
    assert [(s.path, text[s.start : s.end], text[s.body_start : s.end]) for s in document.sections] == [
        ((), "before\n\n", "before\n\n"),
        (("A",), "# A\n\none\n\n", "\none\n\n"),
        (("A", "B"), "## B\n\ntwo\n\n", "\ntwo\n\n"),
        (("A", "B", "C"), "### C\nthree\n\n", "three\n\n"),
        (("A", "B"), "## B\n\nfour\n\n", "\nfour\n\n"),
        (("D",), "# D\n", ""),
    ]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Title\n=====\n\ntext\n\nSub\n---\nmore", [("Title",), ("Title", "Sub")]),
        ("# A\n\n```\n# not a heading\n```\n\n    # nor this\n", [("A",)]),
        ("# A\n\n> # quoted\n\n- # listed\n", [("A",)]),
        ("## Deep\n\n# High\n\n### Skipped a level", [("Deep",), ("High",), ("High", "Skipped a level")]),
        ("# A #\n#\ntext\n#no heading", [("A",), ()]),
        ("#### Only", [("Only",)]),
        ("no heading at all", []),
        ("", []),
    ],
)
def test_only_real_headings_count(text: str, paths: list[tuple[str, ...]]) -> None:
    assert [section.path for section in markdown_sections(text)] == paths


@given(texts)
def test_sections_cover_the_text_in_order(text: str) -> None:
    document = text_document(text, is_markdown=True)
    place = len(document.text) - len(document.text.lstrip()) if document.sections else 0
    for section in document.sections:
        assert section.start <= section.body_start <= section.end
        assert not document.text[place : section.start].strip()
        place = section.end
    assert not document.sections or place == len(document.text)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    try:
        (document,) = read_file(Path("a.txt"), content)
    except UnsupportedDocument:
        return
    assert document.text.encode().decode() == document.text
    assert "\x00" not in document.text


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_utf_8_comes_back_as_it_is(text: str) -> None:
    assert decode(text.encode("utf-8")) == text.removeprefix("\ufeff")


def test_no_library_of_a_format_is_loaded_before_it_is_needed() -> None:
    import subprocess

    code = (
        "import sys, pincite.index.corpus;"
        "print([m for m in ('markdown_it','charset_normalizer','pypdfium2') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
