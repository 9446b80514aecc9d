"""Estimates of tokens against a real tokenizer, and what is learned of a window."""

import pytest
from tokenizers import Tokenizer

from pincite.index.encoder_files import packaged_folder
from pincite.windows import Window, least_tokens, most_tokens, says_too_long, was_cut
from tests.conftest import SEEDS

WORDS = "the tidal mill was built of oak and stone by the old quay "


@pytest.mark.parametrize("name", ["tidal-mill.md", "open-source-ai-race.txt", "README.md"])
def test_a_real_tokenizer_counts_between_the_estimates(name: str) -> None:
    folder = packaged_folder()
    assert folder is not None
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    text = (SEEDS / name).read_text(encoding="utf-8")
    counted = len(tokenizer.encode(text, add_special_tokens=False).ids)
    assert least_tokens(text) < counted < most_tokens(text)


def test_chinese_is_between_a_third_of_a_token_and_one_and_a_half_a_character() -> None:
    assert (least_tokens("磨坊由橡木建成"), most_tokens("磨坊由橡木建成")) == (2, 11)


def test_without_a_known_window_everything_fits() -> None:
    assert Window().fitting(["x" * 10**6] * 8, "") == 8


@pytest.mark.parametrize(("tokens", "count"), [(100_000, 8), (4096, 3), (2048, 1), (256, 1)])
def test_as_many_passages_fit_as_leave_room_for_the_rest_and_an_answer(tokens: int, count: int) -> None:
    assert Window(tokens).fitting(["x" * 2400] * 8, "y" * 1200) == count


def test_what_a_server_counts_corrects_the_estimate() -> None:
    prompt = WORDS * 150
    learned = Window(4096).counted(prompt, int(most_tokens(prompt) * 0.7))
    assert learned.tokens == 4096
    assert learned.scale == pytest.approx(0.7, abs=0.01)
    assert learned.fitting(["x" * 2400] * 8, "y" * 1200) == 4


@pytest.mark.parametrize("tokens", [2048, 1500])
def test_a_server_that_cuts_the_prompt_is_found_out(tokens: int) -> None:
    prompt = WORDS * 300
    assert was_cut(prompt, tokens)
    assert Window().counted(prompt, tokens).tokens == tokens


@pytest.mark.parametrize("tokens", [0, 1, 512, 3900, 4095, 5000])
def test_a_plausible_count_is_no_cut(tokens: int) -> None:
    prompt = WORDS * 300
    assert least_tokens(prompt) == 3900
    assert not was_cut(prompt, tokens)


@pytest.mark.parametrize(
    ("problem", "tokens"),
    [
        ("This model's maximum context length is 2048 tokens. However, you requested 9000 tokens", 2048),
        ("the request (9000 tokens) exceeds the available context size (2048 tokens)", 2048),
        ("context length exceeded", 2900),
        ("maximum context length is 99999 tokens", 2900),
    ],
)
def test_a_refusal_names_the_window_or_halves_what_is_sent(problem: str, tokens: int) -> None:
    assert says_too_long(problem)
    assert Window().refused("x" * 17400, problem).tokens == tokens


@pytest.mark.parametrize(
    "problem",
    [
        "unknown field response_format",
        "model not found",
        "busy: try again",
        "Rate limit exceeded: 30000 tokens per minute",
        "max_tokens exceeds the maximum of 4096 tokens",
    ],
)
def test_other_refusals_say_nothing_of_a_window(problem: str) -> None:
    assert not says_too_long(problem)


def test_a_count_of_hardly_any_tokens_teaches_nothing_absurd() -> None:
    assert Window().counted(WORDS * 300, 1).fitting([WORDS * 30] * 8, WORDS) == 8
    assert Window(4096).counted(WORDS * 300, 1).scale == 0.3
