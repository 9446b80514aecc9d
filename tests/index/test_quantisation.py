"""Products in integers: what they cost, what is done so that they cost little, and when they are not used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from pincite.index import precisions, quantisation
from pincite.index.balancing import balance
from pincite.index.conversions import ConversionNotKeptError
from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder, EncoderIdentity, load_encoder
from pincite.index.errors import EncoderUnavailable
from pincite.index.onnx_encoder import OnnxEncoder
from pincite.index.quantisation import quantise
from tests.fakes import FakeEncoder

TEXTS = ["The river bank", "A longer text about banks and rivers. " * 20, "新加坡 OCBC", "x"]
WIDTH, NEURONS = 32, 128

Values = NDArray[np.float32]


@pytest.fixture
def inputs() -> list[dict[str, Values]]:
    """Texts of eight tokens, one channel of which has twenty times the values of the others."""
    source = np.random.default_rng(3)
    tokens = source.normal(size=(6, 1, 8, WIDTH)).astype(np.float32)
    tokens[..., 5] *= 20
    return [{"tokens": one} for one in tokens]


@pytest.fixture
def layer() -> ModelProto:
    """A feed-forward layer with one neuron that is far more active than all others."""
    source = np.random.default_rng(5)
    wide = source.normal(size=(WIDTH, NEURONS)).astype(np.float32) / 8
    wide[:, 17] *= 40
    narrow = source.normal(size=(NEURONS, WIDTH)).astype(np.float32)
    arrays = {"wide": wide, "wide_bias": wide[0], "narrow": narrow, "narrow_bias": narrow[0]}
    nodes = [
        helper.make_node("Identity", ["tokens"], ["normed"]),
        helper.make_node("MatMul", ["normed", "wide"], ["a"], "to_wide"),
        helper.make_node("Add", ["a", "wide_bias"], ["b"]),
        helper.make_node("Gelu", ["b"], ["neurons"]),
        helper.make_node("MatMul", ["neurons", "narrow"], ["c"], "to_narrow"),
        helper.make_node("Add", ["c", "narrow_bias"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, None, WIDTH])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, None, WIDTH])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(file: Path, inputs: list[dict[str, Values]]) -> Values:
    session = InferenceSession(file, providers=["CPUExecutionProvider"])
    return np.stack([session.run(["out"], given)[0] for given in inputs])


def error(found: Values, expected: Values) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_balancing_changes_nothing_that_a_model_computes(
    layer: ModelProto, inputs: list[dict[str, Values]], tmp_path: Path
) -> None:
    onnx.save(layer, tmp_path / "before.onnx")
    apart = balance(layer, inputs, tmp_path)
    onnx.save(layer, tmp_path / "after.onnx")
    assert len(apart) == 2
    assert {"Mul", "Gelu"} <= {node.op_type for node in layer.graph.node}
    expected = run(tmp_path / "before.onnx", inputs)
    np.testing.assert_allclose(run(tmp_path / "after.onnx", inputs), expected, rtol=1e-4, atol=1e-3)


def test_a_balanced_model_loses_far_less_in_integers(
    layer: ModelProto, inputs: list[dict[str, Values]], tmp_path: Path
) -> None:
    onnx.save(layer, tmp_path / "exact.onnx")
    quantise(onnx.load(tmp_path / "exact.onnx"), tmp_path / "plain.onnx")
    apart = balance(layer, inputs, tmp_path)
    quantise(layer, tmp_path / "balanced.onnx", excluded=apart)
    expected = run(tmp_path / "exact.onnx", inputs)
    plain, balanced = (
        error(run(tmp_path / f"{name}.onnx", inputs), expected) for name in ("plain", "balanced")
    )
    assert balanced < plain / 3
    assert balanced < 0.02


def test_a_model_in_integers_says_so_and_comes_near(tiny_model: Path, tiny_cache: Path) -> None:
    exact, rounded = (
        load_encoder(str(tiny_model), precision=precision, cache=tiny_cache)
        for precision in ("float32", "int8")
    )
    assert isinstance(rounded, OnnxEncoder)
    assert (exact.identity.precision, rounded.identity.precision) == ("float32", "int8")
    assert (exact.encode(TEXTS) * rounded.encode(TEXTS)).sum(axis=1).min() > 0.99
    sizes = {
        folder: sum(path.stat().st_size for path in tiny_cache.glob(f"*/*/{folder}/model.onnx*"))
        for folder in ("float32", "int8")
    }
    assert sizes["int8"] < sizes["float32"]


def test_a_model_that_loses_too_much_stays_in_float32_and_is_not_tried_again(
    tiny_model: Path, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in tiny_cache.glob("*/*/int8"):
        shutil.rmtree(path)
    for path in tiny_cache.glob("*/*/precision.json"):
        path.unlink()
    monkeypatch.setattr(quantisation, "LEAST_COSINE", 1.5)
    for wanted in (None, "int8"):
        said: list[str] = []
        encoder = load_encoder(str(tiny_model), precision=wanted, progress=said.append, cache=tiny_cache)
        assert encoder.identity.precision == "float32"
        assert "stays in float32: its vectors lose too much in integers: cosine" in said[-1]
    said = []
    assert load_encoder(str(tiny_model), progress=said.append, cache=tiny_cache).identity == encoder.identity
    assert said == []


def test_without_room_for_it_a_model_is_rounded_for_the_time_being(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    said: list[str] = []
    encoder = load_encoder(str(tiny_model), precision="int8", progress=said.append, cache=tmp_path / "cache")
    assert encoder.identity.precision == "int8"
    assert any("is converted for this time only" in line for line in said)
    assert encoder.encode(TEXTS).shape == (4, 16)


class TimedEncoder(FakeEncoder):
    """Takes as many seconds for a text as it is told to, on a clock of its own."""

    def __init__(self, precision: str, seconds: float, clock: list[float]) -> None:
        super().__init__()
        self.identity = EncoderIdentity("timed", "0" * 64, 64, precision)
        self._seconds = seconds
        self._clock = clock

    def encode(self, texts: object) -> NDArray[np.float32]:
        """Let the clock go on."""
        self._clock[0] += self._seconds
        return np.zeros((2, 64), np.float32)


@pytest.mark.parametrize(
    ("seconds", "chosen"), [(0.5, "int8"), (0.8, "int8"), (0.9, "float32"), (2, "float32")]
)
def test_integers_have_to_be_clearly_quicker(
    monkeypatch: pytest.MonkeyPatch, seconds: float, chosen: str
) -> None:
    clock = [0.0]
    monkeypatch.setattr("pincite.index.precisions.time.perf_counter", lambda: clock[0])
    exact, rounded = TimedEncoder("float32", 1, clock), TimedEncoder("int8", seconds, clock)
    assert precisions.quicker(exact, rounded).identity.precision == chosen


def test_a_choice_is_remembered_for_its_processor_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert precisions.remembered_precision(tmp_path) is None
    precisions.remember_precision(tmp_path, "int8")
    assert precisions.remembered_precision(tmp_path) == "int8"
    monkeypatch.setattr(precisions, "_processor", lambda: "another")
    assert precisions.remembered_precision(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"processor": 1, "precision": "int8"}'])
def test_a_note_of_another_form_is_no_choice(tmp_path: Path, content: str) -> None:
    (tmp_path / "precision.json").write_text(content)
    assert precisions.remembered_precision(tmp_path) is None


def test_the_choice_is_made_once(tiny_model: Path, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in tiny_cache.glob("*/*/precision.json"):
        path.unlink()
    monkeypatch.setattr(precisions, "quicker", lambda exact, rounded: rounded)
    assert load_encoder(str(tiny_model), cache=tiny_cache).identity.precision == "int8"
    [note] = tiny_cache.glob("*/*/precision.json")
    assert json.loads(note.read_text())["precision"] == "int8"
    monkeypatch.setattr(precisions, "quicker", None)
    assert load_encoder(str(tiny_model), cache=tiny_cache).identity.precision == "int8"


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_corpus_keeps_the_precision_that_it_was_made_with(
    encoder: Encoder, tmp_path: Path, precision: str
) -> None:
    made_with = load_encoder(precision=precision)
    with Corpus.open(tmp_path / "c", encoder=made_with) as corpus:
        corpus.add_text("The mill grinds wheat.", source="mill.txt")
    for name in (None, made_with.identity.name):
        with Corpus.open(tmp_path / "c", create=False, encoder=name) as corpus:
            assert corpus.encoder.identity.precision == precision
            assert corpus.add_text("The mill grinds wheat.", source="copy.txt").passages == 1
            assert corpus.search("wheat")[0].passage.source == "mill.txt"


def test_a_precision_that_cannot_be_had_is_an_error_for_a_new_corpus(
    tmp_path: Path, encoder: Encoder
) -> None:
    with pytest.raises(EncoderUnavailable, match="fake cannot be had in int8 here, only in float32"):
        Corpus.open(tmp_path / "c", encoder=FakeEncoder(), precision="int8")
    assert not (tmp_path / "c").exists()


def test_that_there_was_no_room_once_decides_nothing(
    tiny_model: Path, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ConversionNotKeptError("no room")

    for path in (*tiny_cache.glob("*/*/precision.json"), *tiny_cache.glob("*/*/int8/export.json")):
        path.unlink()
    monkeypatch.setattr(precisions, "quicker", lambda exact, rounded: rounded)
    with monkeypatch.context() as patched:
        patched.setattr(quantisation, "convert_to_int8", full)
        assert load_encoder(str(tiny_model), cache=tiny_cache).identity.precision == "float32"
    assert load_encoder(str(tiny_model), cache=tiny_cache).identity.precision == "int8"
