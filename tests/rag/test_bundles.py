"""Evidence bundles: of any answer, they verify clean until anything in them or in the corpus changes."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.answers import DraftClaim, Status, Support
from pincite.bundle_format import Bundle
from pincite.bundles import bundle, verify_bundle
from pincite.index.corpus import Corpus
from pincite.index.errors import DocumentNotFound, PinciteError
from tests.fakes import FakeEncoder
from tests.rag.bundling import (
    FERRY,
    MILL,
    TEA,
    at,
    conversation,
    edited,
    leaves,
    otherwise,
    passages_of,
    quoting,
    settled,
    small_corpus,
)

MADE_AT = datetime(2026, 11, 26, 23, 49, 38, tzinfo=UTC)
STATUSES: list[Status] = ["quoted", "misattributed", "unsupported", "check"]

texts = st.text(alphabet=st.characters(exclude_categories=[]), max_size=12)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """A corpus that no test changes."""
    with small_corpus(tmp_path_factory.mktemp("bundles")) as opened:
        yield opened


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Corpus]:
    """A corpus in ``tmp_path``, to be changed."""
    with small_corpus(tmp_path) as opened:
        yield opened


@pytest.fixture
def made(corpus: Corpus) -> Bundle:
    return bundle(conversation(corpus), corpus, made_at=MADE_AT)


def plain(made: Bundle) -> Any:
    return json.loads(made.to_json())


def resealed(text: str) -> Bundle:
    """Return the bundle as somebody makes it who knows how the digest is made."""
    return Bundle.from_json(text).sealed()


def test_an_untouched_bundle_is_sound(corpus: Corpus, made: Bundle) -> None:
    report = verify_bundle(Bundle.from_json(made.to_json()), corpus)
    assert (report.findings, report.notes) == ((), ())
    assert (report.answers, report.citations, report.documents) == (3, 4, 3)
    assert report.summary == "sound: 4 citations of 3 documents"


def test_a_bundle_holds_what_is_needed_to_check_it(corpus: Corpus, made: Bundle) -> None:
    content, answers = plain(made), conversation(corpus)
    assert (content["format"], content["version"]) == ("pincite evidence bundle", 1)
    assert (content["made_at"], content["pincite"]) == ("2026-11-26T23:49:38Z", "0.1.0")
    stats = corpus.stats()
    assert content["corpus"]["generation"] == stats.generation
    assert content["corpus"]["encoder"]["name"] == stats.encoder.name == "fake"
    for kept, answer in zip(content["answers"], answers, strict=True):
        wanted = answer.to_dict()
        for left_out in ("passages", "seconds"):
            del wanted[left_out]
        assert kept == json.loads(json.dumps(wanted))
    mill, ferry, tea = content["documents"]
    assert mill["text_sha256"] == mill["file"]["sha256"] == sha256(MILL.encode()).hexdigest()
    assert (mill["file"]["source"], mill["characters"]) == ("mill.txt", len(MILL))
    assert ferry["file"]["sha256"] == sha256(FERRY.encode()).hexdigest()
    assert (ferry["metadata"]["title"], ferry["metadata"]["date"]) == ("The ferry", "2021-05-03")
    assert (tea["source"], tea["file"]) == ("notes/tea.txt", None)
    assert tea["text_sha256"] == sha256(TEA.encode()).hexdigest()
    assert (tea["metadata"]["publisher"], tea["metadata"]["pages"]) == ("Tea House", 3)


def test_any_edit_of_any_value_is_found(corpus: Corpus, made: Bundle) -> None:
    content = plain(made)
    places = list(leaves(content))
    assert len(places) > 100
    unnoticed = []
    for place in places:
        try:
            read = Bundle.from_json(edited(content, place, otherwise(at(content, place))))
        except PinciteError:
            continue
        if not verify_bundle(read, corpus).findings:
            unnoticed.append(place)
    assert unnoticed == []


@given(st.data())
def test_any_other_value_in_any_place_is_found(corpus: Corpus, data: st.DataObject) -> None:
    content = plain(bundle(conversation(corpus), corpus, made_at=MADE_AT))
    place = data.draw(st.sampled_from(list(leaves(content))))
    before = at(content, place)
    value = data.draw(
        st.one_of(texts, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(texts)).filter(
            lambda one: repr(one) != repr(before) and not (isinstance(one, int) and one == before)
        )
    )
    try:
        read = Bundle.from_json(edited(content, place, value))
    except PinciteError:
        return
    assert verify_bundle(read, corpus).findings != ()


@pytest.mark.parametrize("part", ["answers", "documents"])
def test_a_part_that_is_left_out_repeated_or_moved_is_found(corpus: Corpus, made: Bundle, part: str) -> None:
    content = plain(made)
    for value in (content[part][1:], content[part] * 2, content[part][::-1]):
        text = edited(content, (part,), value)
        assert (
            verify_bundle(Bundle.from_json(text), corpus)
            .findings[0]
            .startswith("the bundle is not as it was")
        )


def test_who_makes_the_digest_anew_cannot_change_what_the_corpus_or_the_answer_itself_tells(
    corpus: Corpus, made: Bundle
) -> None:
    content = plain(made)
    found: set[tuple[str | int, str]] = set()
    unnoticed: set[tuple[str | int, str]] = set()
    for place in leaves(content):
        name = next(part for part in reversed(place) if isinstance(part, str))
        try:
            read = resealed(edited(content, place, otherwise(at(content, place))))
        except PinciteError:
            continue
        (found if verify_bundle(read, corpus).findings else unnoticed).add((place[0], name))
    assert found == {
        *(("answers", name) for name in ("answered", "citations", "document_id", "end", "number", "quote")),
        *(("answers", name) for name in ("source", "start", "text")),
        *(("documents", name) for name in ("characters", "document_id", "source", "text_sha256")),
    }
    assert unnoticed - found == {
        *(
            ("answers", name)
            for name in ("address", "confidence", "method", "notes", "question", "references")
        ),
        *(("answers", name) for name in ("score", "standalone_question", "status", "title")),
        *(
            ("corpus", name)
            for name in ("dimension", "generation", "id", "name", "precision", "weights_sha256")
        ),
        *(
            ("documents", name)
            for name in (
                "date",
                "file",
                "language",
                "pages",
                "publisher",
                "sha256",
                "signed",
                "stars",
                "title",
            )
        ),
        ("pincite", "pincite"),
        ("sha256", "sha256"),
    }


@pytest.mark.parametrize(
    ("place", "value", "finding"),
    [
        (
            ("answers", 0, "text"),
            "1742; Three wheels.",
            "question 1: the answer's text is not that of its claims",
        ),
        (("answers", 0, "text"), "1742", "question 1: the answer's text is not that of its claims"),
        (
            ("answers", 0, "text"),
            "Not 1742; Two wheels.",
            "question 1: the answer's text is not that of its claims",
        ),
        (
            ("answers", 0, "text"),
            "1742; Two wheels. Or not",
            "question 1: the answer's text is not that of its claims",
        ),
        (("answers", 0, "answered"), False, "question 1 is said to be not answered, yet there is an answer"),
        (("answers", 0, "citations", 1, "number"), 1, "question 1: its citations are not numbered from 1"),
        (
            ("answers", 0, "claims", 0, "citations"),
            [9],
            "question 1: a claim names [9], which is no citation",
        ),
        (("answers", 1, "claims", 0, "citations"), [1], "question 2: no claim names its citation [2]"),
        (
            ("answers", 0, "citations", 0, "end"),
            30,
            "question 1: the quote of [1] has 26 characters, its span 10-30 has 20",
        ),
        (
            ("answers", 0, "citations", 0, "source"),
            "ferry.md",
            "question 1: the document of [1] is mill.txt, not ferry.md",
        ),
        (
            ("answers", 0, "citations", 0, "document_id"),
            "f" * 32,
            "question 1: the document of [1] is not described in the bundle",
        ),
        (
            ("answers", 0, "citations", 0, "quote"),
            "The mill was built in 1842",
            "[1] of question 1: characters 10-36 of mill.txt are not its quote, which stands in it no longer",
        ),
        (("documents", 1, "text_sha256"), "0" * 64, "the text of ferry.md is not the one that was bundled"),
        (("documents", 1, "characters"), 5, "the text of ferry.md is not the one that was bundled"),
        (
            ("documents", 1, "source"),
            "fairy.md",
            "the document that the bundle calls fairy.md is ferry.md in the corpus",
        ),
    ],
)
def test_a_finding_says_what_is_wrong(
    corpus: Corpus, made: Bundle, place: tuple[str | int, ...], value: object, finding: str
) -> None:
    assert finding in verify_bundle(resealed(edited(plain(made), place, value)), corpus).findings


def test_an_empty_quote_and_one_that_was_shifted_are_found(corpus: Corpus, made: Bundle) -> None:
    content = plain(made)
    citation = content["answers"][0]["citations"][0]
    citation |= {"start": 12, "end": 38}
    assert verify_bundle(resealed(json.dumps(content)), corpus).findings == (
        "[1] of question 1: characters 12-38 of mill.txt are not its quote, which stands at 10-36",
    )
    citation |= {"start": 12, "end": 12, "quote": ""}
    assert verify_bundle(resealed(json.dumps(content)), corpus).findings == (
        "question 1: the quote of [1] is empty",
    )


def test_documents_that_are_repeated_or_cited_nowhere_are_found(corpus: Corpus, made: Bundle) -> None:
    content = plain(made)
    content["documents"] += content["documents"][:1]
    assert verify_bundle(resealed(json.dumps(content)), corpus).findings == (
        "the bundle describes a document twice",
    )
    content = plain(made)
    content["answers"] = content["answers"][:1]
    assert verify_bundle(resealed(json.dumps(content)), corpus).findings == (
        "ferry.md is described in the bundle, but not cited",
        "notes/tea.txt is described in the bundle, but not cited",
    )


def test_a_corpus_that_has_grown_is_no_finding(changing: Corpus) -> None:
    kept = bundle(conversation(changing), changing)
    changing.add_text("Nothing of note.", source="new.txt")
    report = verify_bundle(kept, changing)
    assert (report.findings, report.notes) == ((), ())
    assert changing.stats().generation > kept.corpus.generation


def test_a_changed_document_is_found_and_where_its_quotes_now_stand(changing: Corpus, tmp_path: Path) -> None:
    kept = bundle(conversation(changing), changing)
    (tmp_path / "mill.txt").write_text("Newer. " + MILL.replace("two wheels", "three wheels"))
    changing.add(tmp_path / "mill.txt")
    assert verify_bundle(kept, changing).findings == (
        "mill.txt has changed since; the quote [1] of question 1 stands at 17-43;"
        " the quote [2] of question 1 stands in it no longer",
    )


def test_a_removed_document_is_found(changing: Corpus) -> None:
    kept = bundle(conversation(changing), changing)
    changing.remove("ferry.md")
    report = verify_bundle(kept, changing)
    assert report.findings == ("ferry.md is gone from the corpus",)
    assert report.summary == "1 finding"
    changing.remove("mill.txt")
    assert verify_bundle(kept, changing).summary == "2 findings"


def test_a_document_that_has_moved_is_found_under_its_new_name(changing: Corpus, tmp_path: Path) -> None:
    kept = bundle(conversation(changing), changing)
    changing.add_text("x" * len(MILL), source="as-long.txt")
    (tmp_path / "mill.txt").rename(tmp_path / "works.txt")
    changing.remove("mill.txt")
    changing.add(tmp_path / "works.txt")
    assert verify_bundle(kept, changing).findings == (
        "mill.txt is gone from the corpus; the same text is there as works.txt",
    )


def test_a_document_of_which_another_holds_the_name_as_its_end_is_gone(changing: Corpus) -> None:
    kept = bundle(conversation(changing), changing)
    changing.remove("mill.txt")
    changing.add_text("Another mill.", source="other/mill.txt")
    assert verify_bundle(kept, changing).findings == ("mill.txt is gone from the corpus",)


def test_what_changes_without_touching_the_evidence_is_noted(changing: Corpus, tmp_path: Path) -> None:
    kept = bundle(conversation(changing), changing)
    (tmp_path / "mill.txt").write_bytes(b"\xef\xbb\xbf" + MILL.encode())
    changing.add(tmp_path / "mill.txt", metadata={"publisher": "Mill House"})
    report = verify_bundle(kept, changing)
    assert report.findings == ()
    assert report.notes == (
        "the file of mill.txt is another than was bundled, its text is the same",
        "metadata of mill.txt have changed: publisher",
    )


def test_an_earlier_state_and_another_corpus_of_the_same_documents_are_noted(
    changing: Corpus, tmp_path: Path
) -> None:
    changing.backup(tmp_path / "backup")
    for number in range(3):
        changing.add_text("Nothing of note.", source=f"new-{number}.txt")
    kept = bundle(conversation(changing), changing)
    with Corpus.restore(tmp_path / "backup", tmp_path / "restored", encoder=FakeEncoder()) as restored:
        report = verify_bundle(kept, restored)
        generation = restored.stats().generation
    assert report.findings == ()
    assert report.notes == (
        f"the corpus is at generation {generation}, before that of the bundle, {kept.corpus.generation}:"
        " is it an old backup?",
    )
    (tmp_path / "again").mkdir()
    with small_corpus(tmp_path / "again") as rebuilt:
        report = verify_bundle(kept, rebuilt)
    assert (report.findings, report.notes) == ((), ("the bundle was made from another corpus",))


def test_no_bundle_is_made_of_what_does_not_stand_in_the_corpus(changing: Corpus) -> None:
    answers = conversation(changing)
    with pytest.raises(ValueError, match="no answer"):
        bundle([], changing)
    with pytest.raises(ValueError, match="time zone"):
        bundle(answers, changing, made_at=datetime(2026, 11, 26))
    changing.remove("mill.txt")
    with pytest.raises(
        DocumentNotFound, match=r"^mill\.txt has changed or gone since it was cited: ask again"
    ):
        bundle(answers, changing)
    assert bundle(answers[1:], changing).documents[0].source == "ferry.md"


def test_an_answer_that_contradicts_the_corpus_is_refused(corpus: Corpus) -> None:
    (answer, *_) = conversation(corpus)
    object.__setattr__(answer.citations[0], "quote", "The mill was built in 1842")
    with pytest.raises(PinciteError, match=r"do not fit the corpus: .* are not its quote"):
        bundle([answer], corpus)


def test_the_time_is_told_in_utc(corpus: Corpus) -> None:
    answers = conversation(corpus)
    east = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=8)))
    assert bundle(answers, corpus, made_at=east).made_at == "2025-12-31T17:30:00Z"
    assert date.fromisoformat(bundle(answers, corpus).made_at[:10]).year >= 2025


@given(st.data())
def test_a_bundle_of_any_answers_verifies_clean_and_comes_back_whole(
    corpus: Corpus, data: st.DataObject
) -> None:
    passages = passages_of(corpus)

    def support(draw: st.DrawFn) -> Support:
        passage = draw(st.sampled_from(passages))
        start = draw(st.integers(passage.start, passage.end - 1))
        return Support(passage, start, draw(st.integers(start + 1, passage.end)), draw(st.floats(0, 1)))

    supports = st.lists(st.composite(support)(), max_size=3).map(tuple)
    claims = st.lists(st.builds(DraftClaim, texts, supports, st.sampled_from(STATUSES)), max_size=4)
    turns = data.draw(st.lists(st.tuples(texts, claims, texts), min_size=1, max_size=3))
    made = bundle([settled(corpus, asked, said, note) for asked, said, note in turns], corpus)
    assert verify_bundle(made, corpus).findings == ()
    assert Bundle.from_json(made.to_json()) == made


def test_lone_surrogates_of_a_terminal_do_not_keep_an_answer_from_being_bundled(corpus: Corpus) -> None:
    support = quoting(corpus, "It has two wheels")
    made = bundle(
        [settled(corpus, "how \udcff many?", [DraftClaim("two \ud800", (support,))], "\udfff")], corpus
    )
    assert (made.answers[0].question, made.answers[0].text) == ("how ? many?", "two ?")
    assert verify_bundle(made, corpus).findings == ()
