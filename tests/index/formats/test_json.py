"""Records of JSON and JSON Lines: nothing lost, nothing rewritten, nothing that hangs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents, tally
from pincite.index.formats.text import plain_text

from .spans import addresses_of, check_spans, read, rows_of


def document_of(text: str, name: str = "data.json") -> Document:
    return read(name, text.encode())


def refused(content: bytes, name: str = "a.json") -> str:
    with pytest.raises(UnsupportedDocument) as caught:
        read_documents(File(name, content))
    return str(caught.value)


def test_a_list_of_objects_is_records() -> None:
    document = document_of(
        '[{"name": "茶", "price": {"eur": 1.50, "old": null}}, 7, {"tags": ["a", "b", true]}]'
    )
    assert rows_of(document) == [
        ((), 1, "name: 茶; price.eur: 1.50"),
        ((), 2, "7"),
        ((), 3, "tags: a, b, true"),
    ]
    assert addresses_of(document) == ["record 1", "record 2", "record 3"]


def test_an_object_makes_a_section_of_each_key_that_holds_much() -> None:
    document = document_of(
        '{"type": "list", "features": [{"id": 1}, {"id": 2}], "meta": {"by": "me", "log": [{"x": 1}]},'
        ' "n": 9, "map": {"a": {"b": {"c": "deep"}}}}'
    )
    assert [(s.path, document.text[s.start : s.end]) for s in document.sections] == [
        ((), "type: list\n\n"),
        (("features",), "id: 1\nid: 2\n\n"),
        (("meta",), "by: me\n\n"),
        (("meta", "log"), "x: 1\n\n"),
        ((), "n: 9\n\n"),
        (("map",), "a.b.c: deep\n\n"),
    ]
    assert addresses_of(document)[1:3] == ["features › record 1", "features › record 2"]


def test_long_values_stay_whole_and_stand_on_lines_of_their_own() -> None:
    prose = "It rained. " * 20
    (row,) = rows_of(document_of(json.dumps([{"id": 1, "text": prose, "notes": [prose, "short"]}])))
    assert row[2] == f"id: 1\ntext: {prose.strip()}\nnotes: {prose.strip()}\nnotes: short"


def test_keys_that_occur_twice_and_numbers_of_any_size_are_kept_as_written() -> None:
    digits = "9" * 5_000
    document = document_of(f'{{"a": 1, "a": 2, "big": {digits}, "e": 1e999, "x": NaN, "y": -Infinity}}')
    assert document.text == f"a: 1\n\na: 2\n\nbig: {digits}\n\ne: 1e999\n\nx: NaN\n\ny: -Infinity\n\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_any_unicode_is_read(encoding: str) -> None:
    content = '[{"name": "José 茶", "note": "plain English words"}]'.encode(encoding)
    assert rows_of(read("a.json", content)) == [((), 1, "name: José 茶; note: plain English words")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json"])
def test_a_line_is_a_record_and_a_broken_one_is_noted(name: str) -> None:
    document = document_of('{"a": 1}\n\n{"a": "x\u2028y"}\n{"a": \n[1, 2]\n', name)
    assert rows_of(document) == [((), 1, "a: 1"), ((), 3, "a: x\ny"), ((), 5, "1, 2")]
    assert document.notes == ("line 4 is no JSON",)


def test_many_broken_lines_are_counted() -> None:
    document = document_of('{"a": 1}\n' + "x\n" * 5, "a.jsonl")
    assert document.notes == (
        "line 2 is no JSON",
        "line 3 is no JSON",
        "line 4 is no JSON",
        "2 more lines are no JSON",
    )


@pytest.mark.parametrize("text", ['[\n {"a": 1},\n {"a": 2}\n]\n', '[{"a": 1}, {"a": 2}]'])
def test_json_named_as_lines_is_json(text: str) -> None:
    assert rows_of(document_of(text, "a.jsonl")) == [((), 1, "a: 1"), ((), 2, "a: 2")]


def test_scalars_are_read_as_they_are() -> None:
    assert document_of('"just text"').text == "just text\n\n"
    assert document_of("42").text == "42\n\n"
    assert rows_of(document_of('["a b", "c"]')) == [((), 1, "a b"), ((), 2, "c")]


def test_lone_surrogates_and_nuls_are_replaced() -> None:
    assert document_of('["x\\ud800y", "a\\u0000b"]').text == "x\ufffdy\na\ufffdb\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": ', "not readable JSON: Expecting value: line 1 column 7"),
        (b"plain words", "not readable JSON: Expecting value: line 1 column 1"),
        (b"x\ny\nz\n{}", "not readable JSON"),
        (b"[" * 100_000, "its JSON is nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "its JSON is nested too deeply"),
        (b"[" * 900 + b"1" + b"]" * 900, ""),
        (b"{}", "there is no text in it"),
        (b"[null, {}, []]", "there is no text in it"),
    ],
)
def test_what_is_no_json_says_why(content: bytes, reason: str) -> None:
    if reason:
        assert reason in refused(content)
    else:
        assert read_documents(File("a.json", content))[0].text.strip() == "1"


def test_lines_of_which_none_is_json_are_refused() -> None:
    assert refused(b"x\ny\n", "a.jsonl").startswith("not readable JSON: Expecting value: line 1")
    assert "nested too deeply" in refused(b"[" * 100_000 + b"\n", "a.jsonl")


def test_too_many_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_ROWS", 2)
    assert "it has more than 2 records: split it into several files" in refused(b"[1,2,3]")


def test_progress_is_told_in_records() -> None:
    seen: list[tuple[int, int]] = []
    read_documents(File("a.json", b"[" + b"1," * 9_999 + b"1]", on_page=lambda *both: seen.append(both)))
    assert seen == [(5_000, 10_000), (10_000, 10_000)]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=150),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value] if isinstance(value, str) else [str(value)] if type(value) is int else []


@given(values, st.sampled_from(["a.json", "a.jsonl"]))
def test_every_text_and_number_is_in_the_document(value: object, name: str) -> None:
    content = json.dumps(value, ensure_ascii=True)
    if not any(map(str.isalnum, "".join(leaves(value)))):
        return
    document = document_of(content, name)
    check_spans(document)
    for leaf in leaves(value):
        assert plain_text(leaf.strip()).strip() in document.text
