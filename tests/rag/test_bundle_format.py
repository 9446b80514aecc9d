"""A bundle's JSON: written whole, digested as the documentation says, and refused whatever else it is."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.bundle_format import MOST_BYTES, Bundle
from pincite.bundles import bundle
from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from tests.rag.bundling import conversation, leaves, settled, small_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    with small_corpus(tmp_path_factory.mktemp("format")) as opened:
        yield opened


@pytest.fixture(scope="module")
def made(corpus: Corpus) -> Bundle:
    return bundle(conversation(corpus), corpus)


@pytest.fixture(scope="module")
def text(made: Bundle) -> str:
    return made.to_json()


def test_the_digest_can_be_made_by_anybody(made: Bundle, text: str) -> None:
    content = json.loads(text)
    named = content.pop("sha256")
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert sha256(canonical.encode()).hexdigest() == named == made.digest()


def test_it_comes_back_from_text_bytes_and_a_file_and_from_another_layout(
    made: Bundle, text: str, tmp_path: Path
) -> None:
    made.write(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text("utf-8") == text
    assert Bundle.read(tmp_path / "a.json") == Bundle.read(str(tmp_path / "a.json")) == made
    assert Bundle.from_json(text) == Bundle.from_json(text.encode()) == made
    backwards = dict(reversed(json.loads(text).items()))
    assert Bundle.from_json(json.dumps(backwards)) == made
    assert Bundle.from_json(json.dumps(backwards, ensure_ascii=False, indent=1)).digest() == made.sha256


def test_what_would_hide_or_turn_text_is_escaped_in_the_file_and_comes_back(corpus: Corpus) -> None:
    question = "a\u202eb\u200bc\u2066d\U000e0041e\x1bf\x9bg\ufeffh 茶"
    made = bundle([settled(corpus, question, [])], corpus)
    assert r'"a\u202eb\u200bc\u2066d\udb40\udc41e\u001bf\u009bg\ufeffh 茶"' in made.to_json()
    assert Bundle.from_json(made.to_json()).answers[0].question == question


def test_a_file_is_not_replaced_unless_it_may_be_and_nothing_is_left_beside_it(
    made: Bundle, text: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.json"
    file.write_text("mine")
    with pytest.raises(PinciteError, match=r"a\.json exists: name another file, or give --overwrite"):
        made.write(file)
    assert file.read_text() == "mine"
    made.write(file, overwrite=True)
    assert file.read_text("utf-8") == text
    with pytest.raises(PinciteError, match="is a folder"):
        made.write(tmp_path)
    with pytest.raises(PinciteError, match=r"cannot write .*: No such file or directory"):
        made.write(tmp_path / "no" / "a.json")
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_appears_meanwhile_is_not_replaced_either(
    made: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.json"
    monkeypatch.setattr("pincite.bundle_format.refuse_taken", lambda *_: file.write_text("theirs"))
    with pytest.raises(PinciteError, match=r"a\.json exists"):
        made.write(file)
    assert file.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [file]


def test_a_bundle_too_large_to_be_read_is_not_written(corpus: Corpus, tmp_path: Path) -> None:
    made = bundle([settled(corpus, "long " * (MOST_BYTES // 5), [])], corpus)
    with pytest.raises(PinciteError, match="at most 16,777,216 bytes: keep fewer answers"):
        made.write(tmp_path / "a.json")
    with pytest.raises(PinciteError, match="more than 16,777,216 bytes"):
        Bundle.from_json(made.to_json())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_or_never_ends_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PinciteError, match=r"cannot read .*none\.json: No such file or directory: name an"):
        Bundle.read(tmp_path / "none.json")
    with pytest.raises(PinciteError, match=r"cannot read .*: Is a directory"):
        Bundle.read(tmp_path)
    if Path("/dev/zero").exists():
        with pytest.raises(PinciteError, match="more than 16,777,216 bytes"):
            Bundle.read("/dev/zero")


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem"),
    [
        (r"\A.*\Z", "", "it is not JSON: Expecting value in line 1"),
        (r"\A.*\Z", "[]", "its format is not 'pincite evidence bundle'"),
        (r"\A.*\Z", "17", "its format is not 'pincite evidence bundle'"),
        (r"\A.*\Z", "[" * 200_000, "it is nested too deeply"),
        (r"\A.*\Z", '{"a":' * 200_000, "it is nested too deeply"),
        (r"\}\n\Z", "", "it is not JSON: "),
        (r"\}\n\Z", "} {}", "it is not JSON: Extra data"),
        ('"format": "pincite', '"format": "other', "its format is not"),
        ('"version": 1', '"version": 2', "it has version 2, this pincite reads version 1: update pincite"),
        ('"version": 1', '"version": true', "it has version True"),
        ('"version": 1', '"version": 1.0', "it has version 1.0"),
        ('"version": 1', '"version": [1]', "it has version [1]"),
        ('"score": 0.75', '"score": NaN', "NaN is no number"),
        ('"score": 0.75', '"score": -Infinity', "-Infinity is no number"),
        ('"score": 0.75', '"score": 1e999', "1e999 is too large a number"),
        ('"score": 0.75', '"score": "0.75"', "answers.0.citations.0.score: Input should be a valid number"),
        (
            '"confidence": 0.875',
            '"confidence": 1.5',
            "answers.0.confidence: Input should be less than or equal",
        ),
        ('"start": 10', '"start": 9223372036854775808', "9223372036854775808 is too large a number"),
        ('"start": 10', f'"start": {"9" * 5000}', f"{'9' * 80}… is too large a number"),
        ('"start": 10', '"start": -1', "answers.0.citations.0.start: Input should be greater than or equal"),
        ('"start": 10', '"start": 10.0', "answers.0.citations.0.start: Input should be a valid integer"),
        ('"answered": true', '"answered": 1', "answers.0.answered: Input should be a valid boolean"),
        ('"status": "quoted"', '"status": "proved"', "answers.0.claims.0.status: Input should be 'quoted'"),
        ('"question": "When', r'"question": "\\ud800', "Invalid JSON"),
        ('"question": "When', '"question": "\ud800', "it is not in UTF-8"),
        ('"question": "When', '"question": "\n', "it is not JSON: Invalid control character"),
        ('"question"', '"Question"', "answers.0."),
        ('"made_at"', '"made_at": "", "made_at"', "'made_at' is twice in one object"),
        ('"quote"', '"quote": "", "quote"', "'quote' is twice in one object"),
        ('"made_at": "', '"made_at": "on ', "made_at: String should match"),
        ('"sha256": "', '"sha256": "x', "documents.0.file.sha256: String should match"),
        ('"pincite": ', '"more": 1, "pincite": ', "more: Unexpected keyword argument"),
        ('"pages": 3', '"pages": null', "documents.2.metadata.pages"),
        ('"notes": \\[', '"notes": ["x", 1, ', "answers.0.notes.1: Input should be a valid string"),
    ],
)
def test_what_is_not_in_form_is_refused_in_one_line(
    text: str, pattern: str, replacement: str, problem: str
) -> None:
    damaged, count = re.subn(pattern, lambda match: match.expand(replacement), text, count=1, flags=re.DOTALL)
    assert count == 1
    with pytest.raises(PinciteError) as refused:
        Bundle.from_json(damaged, name="a.json")
    message = str(refused.value)
    assert message.startswith("a.json is no sound evidence bundle: ")
    assert problem in message
    assert len(message) < 400
    message.encode()


@pytest.mark.parametrize(
    "content", [b"\xff\xfe{}", b"\x00", b"\xef\xbb\xbf{}", b"\x89PNG\r\n", "\ufeff{}"], ids=repr
)
def test_bytes_that_are_no_text_are_refused(content: bytes | str) -> None:
    with pytest.raises(PinciteError, match="the text is no sound evidence bundle: it is not"):
        Bundle.from_json(content)


def test_millions_of_faults_and_names_cost_no_more_than_one(text: str) -> None:
    many = text.replace('"citations": [', '"citations": [' + '"x",' * 1_000_000, 1)
    with pytest.raises(PinciteError, match=r"answers\.0\.claims\.0\.citations\.0: Input should be a valid"):
        Bundle.from_json(many)
    names = ",".join(f'"{number}":0' for number in range(1_000_000))
    many = text.replace('"metadata": {', '"metadata": {' + names + ",", 1)
    with pytest.raises(PinciteError, match="an object in it has more than 10,000 names"):
        Bundle.from_json(many)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_makes_another_error(value: object) -> None:
    named = {"format": "pincite evidence bundle", "version": 1, "answers": value}
    for content in (value, named):
        with pytest.raises(PinciteError):
            Bundle.from_json(json.dumps(content))


@given(st.binary() | st.text(alphabet=st.characters(exclude_categories=[])))
def test_no_text_makes_another_error(content: bytes | str) -> None:
    with pytest.raises(PinciteError):
        Bundle.from_json(content)


def test_every_name_is_needed(text: str) -> None:
    content = json.loads(text)
    for *parts, name in leaves(content):
        if isinstance(name, int) or "metadata" in parts:
            continue
        copy = json.loads(text)
        inner = copy
        for part in parts:
            inner = inner[part]
        del inner[name]
        with pytest.raises(PinciteError):
            Bundle.from_json(json.dumps(copy))
