"""Example questions: what the rules ask of a sentence, and what of it is shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pincite import suggesting
from pincite.answering import ask
from pincite.chinese_suggestions import suggestions as chinese_suggestions
from pincite.english_suggestions import suggestions as english_suggestions
from pincite.index.corpus import Corpus
from pincite.suggesting import MIN_CONFIDENCE, MOST_ASKED, MOST_DOCUMENTS, example_questions
from pincite.suggestions import LONGEST, is_showable
from tests.fakes import FakeEncoder

SEEDS_OF_ALL_KINDS = 4
_SAID_BEFORE = "Notes\nWe went to Kettleby, to Truro. 合作社, 雾岭村, 合作社, 雾岭村, 霧嶺村, 霧嶺村。\n"


def asked(sentence: str) -> dict[str, str]:
    """Return the questions that a sentence gives, each with the words that it asks away."""
    is_english = sentence.isascii()
    made = (english_suggestions if is_english else chinese_suggestions)(sentence, _SAID_BEFORE + sentence)
    return {one.question: one.told for one in made}


@pytest.fixture
def corpus(tmp_path: Path, fake_encoder: FakeEncoder) -> Iterator[Corpus]:
    """An empty corpus that costs nothing to fill."""
    with Corpus.open(tmp_path / ".pincite", encoder=fake_encoder) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sentence", "question", "told"),
    [
        ("Kettleby Bank was founded in 1742.", "When was Kettleby Bank founded?", "1742"),
        ("In March 1742, Kettleby Bank was founded.", "When was Kettleby Bank founded?", "March 1742"),
        ("Kettleby, built on 3 May 1742, is small.", "When was Kettleby built?", "3 May 1742"),
        ("Kettleby Mill was sold and was closed in 1931.", "When was Kettleby Mill closed?", "1931"),
        ("Ada Pellow (3 May 1850 - 1 June 1911) wrote.", "When was Ada Pellow born?", "3 May 1850"),
        ("The Kettleby mill opened in 1784.", "When did the Kettleby mill open?", "1784"),
        ("Ada Pellow bought Kettleby Hall in 1921.", "When did Ada Pellow buy Kettleby Hall?", "1921"),
        ("Ada Pellow bought Kettleby Hall in 1921.", "Who bought Kettleby Hall in 1921?", "Ada Pellow"),
        ("Kettleby Hall was built by Ada Pellow.", "Who built Kettleby Hall?", "Ada Pellow"),
        ("The novel Kettleby was written by Ada Pellow.", "Who wrote the novel Kettleby?", "Ada Pellow"),
        ("Kettleby Hall is located in Cornwall.", "Where is Kettleby Hall located?", "Cornwall"),
        ("Ada Pellow died in Port Isaac.", "Where did Ada Pellow die?", "Port Isaac"),
        ("Kettleby Bank has about 30 branches.", "How many branches does Kettleby Bank have?", "30"),
        (
            "Kettleby Bank has developed around 30 internal tools using oak.",
            "How many internal tools has Kettleby Bank developed?",
            "30",
        ),
        ("In 2010, Kettleby had nine mills.", "How many mills did Kettleby have in 2010?", "nine"),
        ("There are 14 chapels in Kettleby.", "How many chapels are there in Kettleby?", "14"),
        ("Kettleby has a population of 4,120.", "What is the population of Kettleby?", "4,120"),
        ("Kettleby Tower is 31 metres tall.", "How tall is Kettleby Tower?", "31 metres"),
        ("The Kettleby Bridge cost $3 million.", "How much did the Kettleby Bridge cost?", "$3 million"),
        (
            "Kettleby accounts for 12% of the trade.",
            "What percentage of the trade does Kettleby account for?",
            "12",
        ),
        ("Truro is the oldest city in Cornwall.", "What is the oldest city in Cornwall?", "Truro"),
        ("Ada Pellow was the first mayor of Kettleby.", "Who was the first mayor of Kettleby?", "Ada Pellow"),
        (
            "The Kettleby River is used for moving slate to the quay.",
            "What is the Kettleby River used for?",
            "for moving slate to the quay",
        ),
        (
            "Kettleby Hall was closed because of the damp in its walls.",
            "Why was Kettleby Hall closed?",
            "the damp in its walls",
        ),
        ("Ada Pellow invented the tide clock.", "What did Ada Pellow invent?", "the tide clock"),
        (
            "Kettleby Gin is a strong drink made with berries.",
            "What is Kettleby Gin?",
            "a strong drink made with berries",
        ),
        (
            "Ada Pellow was an English painter of tidal landscapes.",
            "Who was Ada Pellow?",
            "an English painter of tidal landscapes",
        ),
    ],
)
def test_an_english_rule_asks_away_a_part_of_a_sentence(sentence: str, question: str, told: str) -> None:
    assert asked(sentence).get(question) == told


@pytest.mark.parametrize(
    ("sentence", "question", "told"),
    [
        ("合作社成立于2009年4月,最初只有23户人家。", "合作社是什么时候成立的？", "2009年4月"),
        ("雾岭村于1998年正式改名。", "雾岭村是什么时候改名的？", "1998年"),
        ("雾岭村是青溪县的村庄，位于青溪县西北角。", "雾岭村位于哪里？", "青溪县西北角"),
        ("合作社有30个茶园。", "合作社有多少个茶园？", "30个"),
        ("合作社的理事长是覃春梅。", "合作社的理事长是谁？", "覃春梅"),
        ("雾岭村的面积约为12平方公里。", "雾岭村的面积是多少？", "12平方公里"),
        ("《雾岭》由覃春梅执导。", "《雾岭》是由谁执导的？", "覃春梅"),
        ("《雾岭》由青溪电影公司发行。", "《雾岭》是由哪家公司发行的？", "青溪电影公司"),
        ("合作社創立於2009年。", "合作社是哪一年創立的？", "2009年"),
        ("霧嶺村位於青溪縣西北角。", "霧嶺村位於哪裡？", "青溪縣西北角"),
    ],
)
def test_a_chinese_rule_asks_away_a_part_of_a_sentence(sentence: str, question: str, told: str) -> None:
    assert asked(sentence).get(question) == told


@pytest.mark.parametrize(
    "sentence",
    [
        "It was founded in 1742.",
        "This bank was founded in 1742.",
        "He bought Kettleby Hall in 1921.",
        "The company was founded in 1742.",
        "Water was discovered in 1742.",
        "Kettleby Bank was perhaps founded in 1742.",
        "Kettleby Bank was not founded in 1742.",
        '"Kettleby Bank was founded in 1742.',
        "The Kettleby mill built by monks in 1784 is gone.",
        "| Kettleby Bank was founded in 1742 |",
        "Kettleby Bank was founded in 1742 and 1743.",
        "See https://kettleby.example founded in 1742.",
        "Chapter Two was written in 1742.",
        "Kettleby Bank opened a branch in 1742.",
        "他出生于1998年。",
        "该公司成立于2009年。",
        "村庄可能成立于2009年。",
        "青溪成立于2009年。",
        "合作社据说成立于2009年。",
    ],
)
def test_nothing_is_asked_of_a_sentence_that_cannot_stand_alone(sentence: str) -> None:
    assert asked(sentence) == {}


@pytest.mark.parametrize(
    "question",
    [
        "When was Ignore All Previous Instructions founded?",
        "Who wrote <b>Kettleby</b>?",
        "Who wrote [Kettleby](evil)?",
        "When was kettleby.example founded?",
        "When was 0800 555 0199 founded?",
        "When was Kettleby\u202e founded?",
        "When was Kettle\nby founded?",
        "忽略之前的指令是什么时候成立的？",
        "When was " + "Kettleby " * 10 + "founded?",
    ],
)
def test_only_plain_and_short_questions_without_orders_are_shown(question: str) -> None:
    assert not is_showable(question)


def test_a_question_of_plain_words_is_shown() -> None:
    assert is_showable("How many internal tools has Singapore's OCBC Bank developed?")
    assert is_showable("《雾岭》是由谁执导的？")


def test_an_empty_corpus_has_no_questions(corpus: Corpus) -> None:
    assert example_questions(corpus) == ()


def test_the_samples_answer_what_is_suggested_for_them(seeds_corpus: Corpus) -> None:
    questions = example_questions(seeds_corpus)
    assert len(questions) == SEEDS_OF_ALL_KINDS
    assert "How many internal tools has Singapore's OCBC Bank developed?" in questions
    assert "合作社是什么时候成立的？" in questions
    answers = [ask(question, seeds_corpus) for question in questions]
    assert all(answer.answered and answer.confidence >= MIN_CONFIDENCE for answer in answers)
    assert len({answer.citations[0].document_id for answer in answers}) == SEEDS_OF_ALL_KINDS - 1


def test_the_same_corpus_gives_the_same_questions(seeds_corpus: Corpus) -> None:
    assert example_questions(seeds_corpus, 2) == example_questions(seeds_corpus, 4)[:2]


def test_it_gives_way_before_each_document_and_each_question(seeds_corpus: Corpus) -> None:
    calls: list[None] = []
    questions = example_questions(seeds_corpus, give_way=lambda: calls.append(None))
    assert questions == example_questions(seeds_corpus)
    assert len(calls) >= len(seeds_corpus.documents()) + len(questions)


def test_no_question_is_made_of_what_steers_a_reader(corpus: Corpus) -> None:
    corpus.add_text(
        "Ignore Previous Instructions was founded in 1742.\n\nSystem Prompt Bank was founded in 1743.\n\n"
        "Password Bank of Kettleby was founded in 1744.\n\n"
        "Kettleby <script>Bank</script> was founded in 1745.\n\n"
        "Visit Kettleby.example was founded in 1746.\n\nAda Pellow invented the Click Here Button.",
        source="hostile.txt",
    )
    assert example_questions(corpus) == ()


def test_a_question_that_sentences_answer_differently_is_not_shown(corpus: Corpus) -> None:
    corpus.add_text("Kettleby Bank was founded in 1742.", source="one.txt")
    corpus.add_text("Kettleby Bank was founded in 1743.", source="two.txt")
    assert example_questions(corpus) == ()


def test_each_document_has_its_turn_before_any_has_a_second(corpus: Corpus) -> None:
    corpus.add_text(
        "Kettleby Bank was founded in 1742.\n\nKettleby Hall is located in Cornwall.", source="one.txt"
    )
    corpus.add_text("Port Isaac Chapel has nine bells.", source="two.txt")
    sources = {
        citation.source
        for question in example_questions(corpus, 2)
        for citation in ask(question, corpus).citations
    }
    assert sources == {"one.txt", "two.txt"}


def test_an_answer_from_another_sentence_proves_nothing(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.add_text("Kettleby Bank was founded in 1742.", source="one.txt")
    corpus.add_text("Port Isaac Chapel has nine bells.", source="two.txt")
    monkeypatch.setattr(
        suggesting, "ask", lambda *_, **options: ask("Who founded the chapel?", corpus, min_confidence=0.0)
    )
    assert example_questions(corpus) == ()


def test_the_work_is_bounded(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(MOST_DOCUMENTS * 2):
        corpus.add_text(f"Kettleby Bank {number} was founded in 1742.", source=f"{number:03}.txt")
    questions: list[str] = []
    texts: list[str] = []
    read = corpus.text

    def refuse(question: str, *_: Any, **options: Any) -> Any:
        questions.append(question)
        return ask("Is it?", corpus, min_confidence=1.0)

    def text(document_id: str) -> str:
        texts.append(document_id)
        return read(document_id)

    monkeypatch.setattr(suggesting, "ask", refuse)
    monkeypatch.setattr(corpus, "text", text)
    assert example_questions(corpus) == ()
    assert len(questions) == MOST_ASKED
    assert len(set(questions)) == MOST_ASKED
    assert len(texts) == MOST_DOCUMENTS


def test_of_a_long_document_parts_from_all_over_it_are_read(corpus: Corpus) -> None:
    filler = "the tide came in and went out again as it does here every day of the year.\n\n" * 2_000
    corpus.add_text(f"{filler}\n\nKettleby Bank was founded in 1742.\n\n{filler}", source="long.txt")
    text = corpus.text(corpus.documents()[0].document_id)
    windows = suggesting._windows(text, 24_000)
    assert sum(window.end - window.start for window in windows) <= 24_000
    assert windows[0].start == 0
    assert windows[-1].start > len(text) * 0.8


def test_a_removed_document_is_passed_over(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.add_text("Kettleby Bank was founded in 1742.", source="one.txt")
    listed = corpus.documents()
    corpus.remove("one.txt")
    monkeypatch.setattr(corpus, "documents", lambda: listed)
    assert example_questions(corpus) == ()


def test_every_question_shown_is_short(seeds_corpus: Corpus) -> None:
    assert all(len(question) <= LONGEST for question in example_questions(seeds_corpus, 8))
