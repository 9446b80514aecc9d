"""Follow-up questions, made to stand alone by rules."""

import pytest

import pincite
from pincite import Corpus
from pincite.answers import Turn
from pincite.rewriting import prompt_for_rewriting, rewritten
from pincite.standalone import standalone

BANK = [Turn("which bank built 30 internal tools?", "Singapore's OCBC Bank")]
MILL = [Turn("When was the tidal mill built?", "1742")]
FOUNDER = [Turn("Who founded the tea co-operative?", "Wang Xiaoming")]
NAMED = [Turn("when did Edith Varley found the observatory?", "1958")]
EARNINGS = [Turn("How much did the company earn in 2023?", "$5m")]
ORGANISATION = [Turn("哪家银行开发了内部工具？", "华侨银行")]
SENTENCE = [Turn("Which bank built internal tools?", "OCBC Bank of Singapore has built some 30 of them.")]
YEAR = [Turn("合作社是哪一年成立的?", "合作社成立于2009年4月,最初只有23户人家,凑了11.5万元")]
PERSON = [Turn("谁创办了合作社?", "王小茗")]


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        (BANK, "and how many did it build?", "how many internal tools did Singapore's OCBC Bank build?"),
        (BANK, "How many tools did the bank build?", "How many tools did Singapore's OCBC Bank build?"),
        (BANK, "How does its technology work?", "How does Singapore's OCBC Bank's technology work?"),
        (BANK, "And what did they use?", "what did Singapore's OCBC Bank use?"),
        (BANK, "and when?", "when Singapore's OCBC Bank built 30 internal tools?"),
        (BANK, "What about DBS?", "DBS built 30 internal tools?"),
        (BANK, "and in 2024?", "which bank built 30 internal tools in 2024?"),
        (BANK, "and?", "which bank built 30 internal tools?"),
        (SENTENCE, "Where is it based?", "Where is OCBC Bank of Singapore based?"),
        (MILL, "and by whom?", "by whom was the tidal mill built?"),
        (MILL, "Is it still working?", "Is the tidal mill still working?"),
        (MILL, "what about the observatory?", "When was the observatory built?"),
        (MILL, "And the observatory?", "When was the observatory built?"),
        (MILL, "how tall is that?", "how tall is the tidal mill?"),
        (MILL, "What grows there?", "What grows at the tidal mill?"),
        (FOUNDER, "When did he die?", "When did Wang Xiaoming die?"),
        (FOUNDER, "What is her name?", "What is Wang Xiaoming's name?"),
        (FOUNDER, "What is known about her?", "What is known about Wang Xiaoming?"),
        (FOUNDER, "When was it founded?", "When was the tea co-operative founded?"),
        (NAMED, "What about the mill?", "when did Edith Varley found the mill?"),
        (NAMED, "What about Peter Oduya?", "when did Peter Oduya found the observatory?"),
        (BANK, "and its competitors?", "Singapore's OCBC Bank's competitors built 30 internal tools?"),
        (BANK, "What is the name of its founder?", "What is the name of Singapore's OCBC Bank's founder?"),
        (BANK, "How many of the tools did it sell?", "How many of the tools did Singapore's OCBC Bank sell?"),
        (
            BANK,
            "In which year did the founder leave it?",
            "In which year did the founder leave Singapore's OCBC Bank?",
        ),
        (BANK, "What about the second quarter?", "which bank built 30 internal tools in the second quarter?"),
        (MILL, "When did it?", "When was the tidal mill built?"),
        (EARNINGS, "Who is its director?", "Who is the company's director?"),
        (EARNINGS, "What about 2022?", "How much did the company earn in 2022?"),
        (EARNINGS, "and in 2022?", "How much did the company earn in 2022?"),
        (ORGANISATION, "它有多少员工？", "华侨银行有多少员工？"),
        (ORGANISATION, "它的总部在哪里？", "华侨银行的总部在哪里？"),
        (ORGANISATION, "该银行在哪里？", "华侨银行在哪里？"),
        (ORGANISATION, "那星展银行呢？", "星展银行开发了内部工具？"),
        (ORGANISATION, "什么时候？", "华侨银行开发了内部工具什么时候？"),
        (YEAR, "它有多少户人家?", "合作社有多少户人家?"),
        (YEAR, "那么在哪里?", "合作社成立在哪里?"),
        (YEAR, "茶厂呢?", "茶厂是哪一年成立的?"),
        (YEAR, "其负责人是谁?", "合作社的负责人是谁?"),
        (PERSON, "他是哪里人?", "王小茗是哪里人?"),
        (PERSON, "它在哪里?", "合作社在哪里?"),
        (PERSON, "什么时候?", "王小茗创办了合作社什么时候?"),
    ],
)
def test_what_a_question_leans_on_is_put_into_it(history: list[Turn], question: str, expected: str) -> None:
    assert standalone(question, history) == expected


@pytest.mark.parametrize(
    "question",
    [
        "When was the observatory opened?",
        "What does Meta say about its own models?",
        "How many people live in Singapore?",
        "Which mill has two wheels?",
        "Is there a bakery?",
        "Is it raining in Oslo?",
        "What does the report say about its own limits?",
        "How many people work at the bank of England?",
        "Which company said that it would close its mine?",
        "What is IT?",
        "Where did people go when they lost their homes?",
        "If a tenant loses their key, who pays?",
        "Can an employee take their dog to work?",
        "What if a patient misses their appointment?",
        'What does "it" refer to in clause 4?',
        "Which of them is bigger?",
        "ok",
        "Well depth?",
        "Also wer zahlt?",
        "So viele Besucher: wie kommen sie hin?",
        "But wer war da?",
        "吉他的价格是多少？",
        "然后呢？",
        "合作社卖什么茶?",
        "有多少人?",
        "其他茶园在哪里?",
        "Wann wurde die Mühle gebaut?",
    ],
)
@pytest.mark.parametrize("history", [BANK, MILL, FOUNDER, YEAR, PERSON])
def test_a_question_that_leans_on_nothing_stays_as_it_is(history: list[Turn], question: str) -> None:
    assert standalone(question, history) == question


def test_without_a_conversation_nothing_is_changed() -> None:
    assert standalone("and when did it open?", []) == "and when did it open?"


def test_a_turn_that_was_not_answered_leaves_what_was_spoken_of() -> None:
    history = [*BANK, Turn("Who publishes the Financial Times?", "")]
    assert standalone("Where is it?", history) == "Where is Singapore's OCBC Bank?"
    assert standalone("Where is it?", history[1:]) == "Where is Financial Times?"


def test_a_follow_up_to_a_follow_up_knows_what_the_first_was_about() -> None:
    history = [*MILL, Turn("Who owned it?", ""), Turn("how many wheels does it have?", "two")]
    assert standalone("and when?", history) == "when wheels does the tidal mill have?"
    assert standalone("Where is it?", history) == "Where is the tidal mill?"


def test_an_llm_is_shown_the_last_turns_and_no_more() -> None:
    history = [Turn(f"Question {number}?", "x" * 5000) for number in range(9)]
    prompt = prompt_for_rewriting("and\nthen?", [*history, Turn("Last?", "")])
    assert prompt.user.startswith("Question: Question 6?\nAnswer: xxx")
    assert prompt.user.endswith(
        "Question: Last?\nAnswer: (the documents do not say)\nLast question: and then?"
    )
    assert len(prompt.user) < 2100


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("Where is OCBC Bank?", "Where is OCBC Bank?"),
        ('"Where is OCBC Bank?"\n', "Where is OCBC Bank?"),
        ("Standalone question: Where is OCBC Bank?", "Where is OCBC Bank?"),
        ("<think>It is OCBC.</think>\n\n**Where is OCBC Bank?**", "Where is OCBC Bank?"),
        ("银行在哪里?", "银行在哪里?"),
        ("…", ""),
        ("<think>It is", ""),
        ("word " * 100, ""),
    ],
)
def test_the_question_is_found_in_an_llms_reply(reply: str, question: str) -> None:
    assert rewritten(reply) == question


def test_a_follow_up_is_answered_as_the_docs_show(seeds_corpus: Corpus) -> None:
    first = pincite.ask("which bank built 30 internal tools?", seeds_corpus)
    turn = pincite.Turn(first.question, first.text)
    answer = pincite.ask("and how many did it build?", seeds_corpus, history=[turn])
    assert answer.standalone_question == "how many internal tools did Singapore's OCBC Bank build?"
    assert answer.text == "around 30"
