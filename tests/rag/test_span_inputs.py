"""What the span reader is fed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from pincite.index.document import Span
from pincite.index.encoder_files import packaged_folder
from pincite.span_inputs import MOST_ANSWER_TOKENS, MOST_TOKENS, Inputs, Run, SpanTokenizer, Tokens, best_run

TOKENIZER = SpanTokenizer(Tokenizer.from_file(f"{packaged_folder()}/tokenizer.json"))


def tokens_of(*parts: str) -> Tokens:
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])]).tolist()
    return Tokens.of(TOKENIZER.encode(parts), starts)


def run_scores(tokens: Tokens, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    starts, ends = (np.zeros(len(tokens.ids), np.float32) for _ in range(2))
    starts[first] = ends[last] = 1.0
    return starts, ends


def test_tokens_know_their_characters_and_the_words_they_begin_and_end() -> None:
    text = "Ada's mill ground oatmeal."
    tokens = tokens_of(text[:11], text[11:])
    words = ["Ada", "'", "s", "mill", "ground", "o", "at", "me", "al", "."]
    assert [text[start:end] for start, end in tokens.spans] == words
    assert [word for word, begins in zip(words, tokens.begins, strict=True) if not begins] == [
        "at",
        "me",
        "al",
    ]
    assert [word for word, ends in zip(words, tokens.ends, strict=True) if not ends] == ["o", "at", "me"]
    assert tokens.inside(Span(6, 17)) == range(3, 5)
    assert tokens.inside(Span(5, 6)) == range(0)


def test_an_input_is_question_context_and_passage_with_its_special_tokens() -> None:
    question, context = (one.ids for one in TOKENIZER.encode(["Who ground?", "The mill"]))
    tokens = tokens_of("Ada ground.")
    [window] = TOKENIZER.windows(TOKENIZER.head(question, context), tokens)
    first, separator = 101, 102
    assert window.ids.tolist() == [first, *question, separator, *context, *tokens.ids, separator]
    assert (window.passage, window.body) == (len(question) + 2, len(question) + len(context) + 2)
    assert window.tokens == range(len(tokens.ids))


@given(st.integers(0, 900), st.integers(0, 90), st.integers(0, 500))
def test_windows_hold_every_token_and_none_is_too_long(count: int, asked: int, context: int) -> None:
    tokens = tokens_of(" ".join("a" * count))
    head = TOKENIZER.head([7] * asked, [8] * context)
    windows = list(TOKENIZER.windows(head, tokens))
    assert {place for window in windows for place in window.tokens} == set(range(count))
    assert max(len(window.ids) for window in windows) <= MOST_TOKENS
    assert len(windows) <= 1 + count / 100
    for window in windows:
        body = window.ids[window.body : -1].tolist()
        assert body == tokens.ids[window.tokens.start : window.tokens.stop].tolist()


def test_shorter_windows_are_padded_and_masked() -> None:
    head = TOKENIZER.head([7], [])
    windows = [next(TOKENIZER.windows(head, tokens_of(text))) for text in ("a b c", "a")]
    inputs = Inputs.of(windows)
    assert inputs.mask.sum(axis=1).tolist() == [7, 5]
    assert inputs.types[1].tolist() == [0, 0, 0, 1, 1, 0, 0]
    assert inputs.ids[1, 5:].tolist() == [0, 0]


def test_the_best_run_is_of_whole_words_and_not_too_long() -> None:
    tokens = tokens_of("Ada ground oatmeal")
    everything = range(len(tokens.ids))
    assert best_run(*run_scores(tokens, 2, 5), tokens, everything) == Run(2, 5, 2.0)
    inside = best_run(*run_scores(tokens, 3, 4), tokens, everything)
    assert inside
    assert inside.score == 0.0, "no word begins or ends there"
    long = tokens_of(" ".join("a" * (MOST_ANSWER_TOKENS + 1)))
    cut = best_run(*run_scores(long, 0, MOST_ANSWER_TOKENS), long, range(len(long.ids)))
    assert cut
    assert cut.score == 1.0


def test_nothing_is_found_where_no_word_ends() -> None:
    tokens = tokens_of("oatmeal")
    starts, ends = run_scores(tokens, 0, 0)
    assert best_run(starts[:1], ends[:1], tokens, range(1)) is None
