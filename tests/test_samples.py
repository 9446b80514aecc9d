"""The sample questions from Python, as README shows it."""

from pathlib import Path

import pytest

import pincite
from tests.samples import BANK, SAMPLES, UNANSWERABLE, Sample


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.group)
def test_a_sample_question_is_answered_and_its_citation_is_the_documents_text(
    seeds_corpus: pincite.Corpus, sample: Sample
) -> None:
    answer = pincite.ask(sample.question, seeds_corpus)
    assert answer.answered
    assert sample.wanted in answer.text
    assert (answer.method, answer.standalone_question) == ("reader", sample.question)
    (citation,) = answer.citations
    assert seeds_corpus.text(citation.document_id)[citation.start : citation.end] == citation.quote
    assert citation.address.startswith(f"open-source-ai-race.txt › {sample.group} › point ")


def test_the_bank_is_cited_with_its_whole_point_and_the_points_own_reference(seeds_folder: Path) -> None:
    answer = pincite.ask(BANK, seeds_folder / ".pincite")
    assert answer.text == "Singapore's OCBC Bank"
    (citation,) = answer.citations
    assert citation.quote == (
        "Singapore's OCBC Bank has developed around 30 internal tools using open-source models, "
        "demonstrating the practical applications of this technology in business"
    )
    assert (citation.references, citation.address) == (("3",), "open-source-ai-race.txt › Group 2 › point 3")


def test_what_the_documents_do_not_say_is_not_answered(seeds_corpus: pincite.Corpus) -> None:
    *pieces, answer = pincite.stream(UNANSWERABLE, seeds_corpus)
    assert isinstance(answer, pincite.Answer)
    assert (pieces, answer.answered, answer.text, answer.citations) == ([], False, "", ())
    assert len(answer.passages) == 8
