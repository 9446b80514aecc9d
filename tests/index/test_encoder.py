"""Encoders against sentence-transformers itself, which is the oracle throughout."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from string import printable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pincite.index.encoder import DEFAULT_ENCODER, Encoder, EncoderIdentity, load_encoder
from pincite.index.encoder_files import DEFAULT_WEIGHTS_SHA256, packaged_folder
from pincite.index.onnx_encoder import OnnxEncoder

from .models import oracle

TEXTS = [
    "Which bank built 30 internal tools?",
    "",
    "新加坡华侨银行开发了约三十个内部工具。",
    "Singapore's OCBC Bank has developed about 30 internal tools that are now used in business.",
    "Ünïcödé, tabs\tand\nlines: [SEP] is no separator here. 😀 Где столица?",
    "the river bank " * 300,
]
CHINESE = "新加坡哪家银行开发了三十个内部工具"


@pytest.fixture(scope="module")
def reference() -> Any:
    folder = packaged_folder()
    assert folder is not None
    return oracle(folder)


def of_many_lengths(count: int) -> list[str]:
    words = ["bank", "river", "tool", "report", "question", "Singapore", "internal", "the", "2024"]
    source = random.Random(3)
    return [" ".join(source.choices(words, k=source.randint(0, 90))) for _ in range(count)]


def test_in_float32_the_default_encoder_agrees_with_sentence_transformers(
    encoder: Encoder, reference: Any
) -> None:
    expected = reference.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(load_encoder(precision="float32").encode(TEXTS), expected, atol=1e-5)


def test_in_integers_it_comes_near(encoder: Encoder, reference: Any) -> None:
    texts = [text for text in TEXTS if text.strip()]
    expected = reference.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    assert (load_encoder(precision="int8").encode(texts) * expected).sum(axis=1).min() > 0.995


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_default_encoder_is_converted_and_says_what_it_is(encoder: Encoder, precision: str) -> None:
    loaded = load_encoder(precision=precision)
    assert isinstance(loaded, OnnxEncoder)
    assert loaded.identity == EncoderIdentity(DEFAULT_ENCODER, DEFAULT_WEIGHTS_SHA256, 384, precision)


def test_another_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="float32 or int8, not int4"):
        load_encoder(precision="int4")


def test_vectors_are_float32_rows_of_unit_length(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    vectors = encoder.encode([])
    assert vectors.shape == (0, 384)
    assert vectors.dtype == np.float32
    assert encoder.count_tokens([]) == []


def test_one_text_in_place_of_several_is_refused(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="a sequence of texts"):
        encoder.encode("one text")


def test_tokens_are_counted_whole_and_without_special_ones(encoder: Encoder, reference: Any) -> None:
    rows = reference.tokenizer(TEXTS, add_special_tokens=False, truncation=False)["input_ids"]
    expected = [len(row) for row in rows]
    assert encoder.count_tokens(TEXTS) == expected
    assert expected[-1] == 900


def test_a_text_is_cut_just_beyond_the_window(encoder: Encoder) -> None:
    assert encoder.max_tokens == 254
    full, over, under = encoder.encode(["bank " * 254, "bank " * 254 + "river", "bank " * 253])
    assert full.tolist() == over.tolist()
    assert abs(full - under).max() > 1e-4


def test_vectors_depend_neither_on_order_nor_on_company(encoder: Encoder) -> None:
    texts = of_many_lengths(70)
    order = random.Random(4).sample(range(70), 70)
    together = encoder.encode(texts)
    assert encoder.encode([texts[position] for position in order]).tobytes() == together[order].tobytes()
    alone = np.concatenate([encoder.encode([text]) for text in texts[:20]])
    assert alone.tobytes() == together[:20].tobytes()


def test_the_same_texts_give_the_very_same_vectors(encoder: Encoder) -> None:
    texts = of_many_lengths(40)
    assert encoder.encode(texts).tobytes() == encoder.encode(texts).tobytes()


def test_several_threads_may_share_an_encoder(encoder: Encoder) -> None:
    texts = of_many_lengths(10)
    expected = encoder.encode(texts)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(encoder.encode, [texts] * 8):
            np.testing.assert_allclose(vectors, expected, atol=1e-6)


@pytest.mark.parametrize("text", ["Which bank built 30 internal tools?", "Где столица России?", "", " \n"])
def test_a_text_that_the_vocabulary_can_spell_is_known(encoder: Encoder, text: str) -> None:
    assert encoder.known_share(text) == 1.0


def test_the_known_share_of_chinese_is_that_of_the_characters_in_the_vocabulary(
    encoder: Encoder, reference: Any
) -> None:
    vocabulary = reference.tokenizer.get_vocab()
    expected = sum(character in vocabulary for character in CHINESE) / len(CHINESE)
    assert encoder.known_share(CHINESE) == pytest.approx(expected)
    assert 0 < expected < 0.5
    assert encoder.known_share(f"bank of\n{CHINESE}") == pytest.approx(
        (6 + expected * len(CHINESE)) / (6 + len(CHINESE))
    )


def test_a_character_that_utf_8_cannot_hold_is_read_as_unknown(encoder: Encoder) -> None:
    broken, replaced = encoder.encode(["a \ud800 b", "a \ufffd b"])
    assert broken.tolist() == replaced.tolist()
    assert encoder.count_tokens(["a \ud800 b"]) == encoder.count_tokens(["a \ufffd b"])
    assert encoder.known_share("abc\ud800") == encoder.known_share("abc\ufffd")


def test_a_warm_start_imports_no_torch_and_prints_nothing(encoder: Encoder) -> None:
    script = """
import sys
from pincite.index.encoder import load_encoder
before = {"numpy", "onnxruntime", "tokenizers"} & set(sys.modules)
vector = load_encoder().encode(["bank"])[0]
heavy = {"torch", "transformers", "sentence_transformers", "huggingface_hub"} & set(sys.modules)
sys.exit(repr((before, heavy)) if before or heavy else 0)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_folder_with_the_same_files_shares_the_conversion(
    encoder: Encoder, tmp_path: Path, connections: list[object]
) -> None:
    packaged = packaged_folder()
    assert packaged is not None
    folder = tmp_path / "größer 模型"
    shutil.copytree(packaged, folder)
    said: list[str] = []
    local = load_encoder(str(folder), progress=said.append)
    assert (said, connections) == ([], [])
    assert local.identity == replace(encoder.identity, name=str(folder))
    assert local.encode(TEXTS).tobytes() == encoder.encode(TEXTS).tobytes()


@given(st.text(printable, max_size=300))
@example("x" * 150)
@example("x" * 51 + " usual")
@example("a\x00b\x7fc")
def test_a_text_in_ascii_is_known_without_looking_as_it_is_with_looking(encoder: Encoder, text: str) -> None:
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.tokenizer.spells_ascii
    looking = replace(encoder.tokenizer, spells_ascii=False)
    assert encoder.known_share(text) == looking.known_share(text)
