"""What becomes of an LLM's quotes and claims, by the benchmark that measures it, on fewer answers.

The scripts import one another from their own folder. ``make bench-verification`` prints the whole tables.
"""

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pincite.index.corpus import Corpus
from pincite.index.document import Span
from tests.fakes import FakeEncoder

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PER_KIND = 3
LEAST_CAUGHT = 0.6  # of the wrong claims of the test split
MOST_IN_ERROR = 0.35  # of its right ones


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("verification")


@pytest.fixture(scope="module")
def samples_corpus(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    folder = tmp_path_factory.mktemp("samples")
    with Corpus.open(folder, encoder=FakeEncoder(max_tokens=200)) as opened:
        bench.fill(opened)
        yield opened


@pytest.fixture(scope="module")
def answers(bench: ModuleType, samples_corpus: Corpus) -> Any:
    return bench.measure_answers(samples_corpus, PER_KIND)


@pytest.fixture(scope="module")
def claims(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Corpus.open(tmp_path_factory.mktemp("claims"), encoder=FakeEncoder(max_tokens=200)) as opened:
        return bench.measure_claims(bench.read_claims("test"), opened)


def test_no_words_are_cited_that_stand_nowhere(bench: ModuleType, answers: Any) -> None:
    assert len(answers.of(*bench.NOBODYS)) > 100
    assert answers.shown == 0


def test_hardly_a_right_quote_is_refused(bench: ModuleType, answers: Any) -> None:
    assert len(answers.of("correct")) > 80
    assert answers.refused <= bench.MOST_REFUSED == 0.01


def test_a_quote_under_a_wrong_label_is_cited_from_where_it_stands(answers: Any) -> None:
    assert len(answers.of("misattributed")) > 15
    assert answers.misplaced == 0


def test_whatever_is_cited_is_the_documents_own_text(answers: Any) -> None:
    assert all(outcome.is_faithful for outcome in answers.outcomes)
    assert answers.is_good


def test_the_whole_measurement_is_of_many_answers_in_both_languages(
    bench: ModuleType, samples_corpus: Corpus
) -> None:
    samples = bench.Samples.of(samples_corpus, bench.PER_KIND)
    made = [*bench.answers_from(samples), *bench.faults_in(samples)]
    promised = [answer for answer in made if answer.family not in bench.UNPROMISED]
    assert len(promised) > 900
    assert sum(answer.named.is_chinese for answer in promised) > 150
    families = Counter(answer.family for answer in promised)
    assert min(families.values()) > 80
    assert made == [*bench.answers_from(samples), *bench.faults_in(samples)]


@pytest.mark.parametrize(
    ("guessing", "is_shown"),
    [
        pytest.param(lambda text, quote: Span(0, len(text)), True, id="everything stands anywhere"),
        pytest.param(lambda text, quote: None, False, id="nothing stands anywhere"),
    ],
)
def test_looking_for_quotes_carelessly_is_noticed(
    bench: ModuleType,
    samples_corpus: Corpus,
    monkeypatch: pytest.MonkeyPatch,
    guessing: Any,
    is_shown: bool,
) -> None:
    from pincite.quoting import locate

    samples = bench.Samples.of(samples_corpus, 1)
    shown = {place.shown for place in samples.places}

    def carelessly(text: str, quote: str) -> Span | None:
        return locate(text, quote) if quote in shown else guessing(text, quote)

    monkeypatch.setattr("pincite.verifying.locate", carelessly)
    report = bench.measure_answers(samples_corpus, 1)
    assert (report.shown > 0) == is_shown
    assert report.refused > 0.3
    assert not report.is_good


def test_the_scripted_llm_says_the_same_whole_and_in_pieces(bench: ModuleType) -> None:
    from llama_index.core.base.llms.types import ChatMessage

    messages = [ChatMessage(role="user", content="<passage-1f P3>\nThe mill stands.\n</passage-1f>\n\nWhat?")]
    llm = bench.ScriptedLLM(bench.Said("It stands.", "mill stands", "The mill"))
    whole = llm.chat(messages).message.content
    assert whole == '{"claims": [{"passage": "P3", "quote": "mill stands", "text": "It stands."}]}'
    pieces = list(llm.stream_chat(messages))
    assert len(pieces) > 2
    assert "".join(piece.delta for piece in pieces) == pieces[-1].message.content == whole


def test_the_labelled_claims_are_as_many_of_each_kind_as_they_are_said_to_be(bench: ModuleType) -> None:
    for split, of_a_kind, right in (("dev", 45, 210), ("test", 25, 150)):
        found = bench.read_claims(split)
        wrong = Counter(claim.kind for claim in found if claim.wrong)
        assert wrong == dict.fromkeys(("number", "name", "negated", "date"), of_a_kind)
        assert sum(not claim.wrong for claim in found) == right
        assert sum(claim.language == "zh" for claim in found) * 4 == pytest.approx(len(found), rel=0.05)


def test_each_labelled_claim_has_a_quote_that_stands_in_its_context(bench: ModuleType) -> None:
    found = bench.read_claims()
    assert all(claim.quote in claim.context for claim in found)
    assert all(claim.question and claim.claim for claim in found)
    assert len({(claim.quote, claim.claim) for claim in found}) == len(found) == 640
    quotes = [{claim.quote for claim in bench.read_claims(split)} for split in ("dev", "test")]
    assert not quotes[0] & quotes[1]


def test_wrong_claims_are_marked_more_often_than_right_ones(claims: Any) -> None:
    assert claims.share(wrong=True) >= LEAST_CAUGHT
    assert claims.share(wrong=False) <= MOST_IN_ERROR
