"""Conversion, its cache, and what happens when either fails; on a model of one small layer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pincite.index import conversions, onnx_export
from pincite.index.encoder import Encoder, load_encoder
from pincite.index.onnx_encoder import ExportDamagedError, ExportMissingError, OnnxEncoder
from pincite.index.transformer_encoder import TransformerEncoder

from .models import build_tiny_model, oracle

TEXTS = ["The river bank", "", "A longer text about banks and rivers. " * 20, "新加坡 OCBC", "x"]


def fail(*_: object) -> str:
    raise AssertionError("converted again")


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def export_in(cache: Path) -> Path:
    (record,) = cache.glob("*/*/float32/export.json")
    return record.parent


def assert_agrees(encoder: Encoder, folder: Path) -> None:
    expected = oracle(folder).encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-5)


def test_a_converted_model_is_opened_and_not_converted_again(
    tiny_model: Path, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "_write", fail)
    said: list[str] = []
    encoder = load_encoder(str(tiny_model), progress=said.append, precision="float32", cache=tiny_cache)
    assert isinstance(encoder, OnnxEncoder)
    assert (said, encoder.max_tokens, encoder.identity.dimension) == ([], 38, 16)
    assert_agrees(encoder, tiny_model)


@pytest.mark.parametrize("harm", [flip_a_byte, cut_in_half, Path.unlink])
@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data", "tokenizer.json"])
def test_a_damaged_file_is_noticed(tiny_cache: Path, name: str, harm: Callable[[Path], None]) -> None:
    folder = export_in(tiny_cache)
    harm(folder / name)
    with pytest.raises(ExportDamagedError, match=name):
        OnnxEncoder.open(folder, name="tiny", weights_sha256="")


@pytest.mark.parametrize("change", [{"format": 0}, {"files": 3}, {"unheard": 1}])
def test_a_record_of_another_form_is_noticed(tiny_cache: Path, change: dict[str, object]) -> None:
    record = export_in(tiny_cache) / "export.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    with pytest.raises(ExportDamagedError, match=r"export\.json"):
        OnnxEncoder.open(record.parent, name="tiny", weights_sha256="")


def test_what_onnxruntime_cannot_open_counts_as_damaged(
    tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pincite.index.onnx_encoder.MODEL", "tokenizer.json")
    with pytest.raises(ExportDamagedError, match="cannot be opened"):
        OnnxEncoder.open(export_in(tiny_cache), name="tiny", weights_sha256="")


def test_no_conversion_is_not_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(ExportMissingError):
        OnnxEncoder.open(tmp_path, name="tiny", weights_sha256="")


def test_a_damaged_conversion_is_made_again_without_network(
    tiny_model: Path, tiny_cache: Path, connections: list[object]
) -> None:
    flip_a_byte(export_in(tiny_cache) / "model.onnx.data")
    said: list[str] = []
    encoder = load_encoder(str(tiny_model), progress=said.append, precision="float32", cache=tiny_cache)
    assert isinstance(encoder, OnnxEncoder)
    assert "is damaged (model.onnx.data is not what was written)" in said[0]
    assert sum("is damaged" in line for line in said) == 1
    assert_agrees(encoder, tiny_model)
    again: list[str] = []
    assert isinstance(
        load_encoder(str(tiny_model), progress=again.append, precision="float32", cache=tiny_cache),
        OnnxEncoder,
    )
    assert (again, connections) == ([], [])
    assert not list(tiny_cache.glob("*/*/.unfinished*"))


def test_a_conversion_that_another_process_finished_first_is_kept(
    tiny_model: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    theirs = export_in(tiny_cache)
    ours = Path(shutil.copytree(theirs, tmp_path / "ours"))
    before = (theirs / "model.onnx").stat().st_ino
    encoder = load_encoder(str(tiny_model), precision="float32", cache=tiny_cache)
    published = conversions._publish(ours, theirs, encoder.identity)
    assert published.encode(TEXTS).tobytes() == encoder.encode(TEXTS).tobytes()
    assert (theirs / "model.onnx").stat().st_ino == before


@pytest.mark.parametrize("pooling", ["cls", "max"])
def test_other_poolings_are_converted_and_do_not_share_a_conversion(
    tiny_cache: Path, tmp_path: Path, pooling: str
) -> None:
    folder = build_tiny_model(tmp_path / pooling, pooling)
    encoder = load_encoder(str(folder), precision="float32", cache=tiny_cache)
    assert isinstance(encoder, OnnxEncoder)
    assert_agrees(encoder, folder)
    assert len(list(tiny_cache.glob(f"{encoder.identity.weights_sha256}/*/float32/export.json"))) == 2


def test_a_default_prompt_goes_before_every_text_and_takes_its_room(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "prompted", prompt="passage text: ")
    encoder = load_encoder(str(folder), precision="float32", cache=tmp_path / "cache")
    assert isinstance(encoder, OnnxEncoder)
    assert_agrees(encoder, folder)
    assert encoder.max_tokens == 38 - 3
    assert encoder.count_tokens(["one two"]) == [2]


def test_a_model_with_further_modules_runs_on_sentence_transformers(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "dense", dense=True)
    said: list[str] = []
    encoder = load_encoder(str(folder), progress=said.append, precision="float32", cache=tmp_path / "cache")
    assert isinstance(encoder, TransformerEncoder)
    assert "only transformer, pooling and normalisation" in said[-1]
    assert_agrees(encoder, folder)
    assert (encoder.identity.dimension, encoder.max_tokens) == (8, 38)
    assert encoder.encode([]).shape == (0, 8)
    assert encoder.encode([]).dtype == np.float32
    assert encoder.count_tokens(["river " * 100]) == [100]
    assert encoder.known_share("ab新坡") == 0.75
    assert encoder.encode(["a\ud800"]).shape == (1, 8)
    with pytest.raises(ValueError, match="a sequence of texts"):
        encoder.encode("one text")


def test_a_cache_that_cannot_be_written_leaves_sentence_transformers(
    tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    said: list[str] = []
    encoder = load_encoder(
        str(tiny_model), progress=said.append, precision="float32", cache=tmp_path / "cache"
    )
    assert isinstance(encoder, TransformerEncoder)
    assert "cannot keep the converted model" in said[-1]
    assert_agrees(encoder, tiny_model)


def test_a_conversion_that_disagrees_is_discarded_and_not_tried_again(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    write_graph = onnx_export._write_graph

    def write_another_model(model: object, attention: str, path: Path) -> None:
        write_graph(oracle(other), attention, path)

    other = build_tiny_model(tmp_path / "other", "max")
    monkeypatch.setattr(onnx_export, "_write_graph", write_another_model)
    for _ in range(2):
        said: list[str] = []
        encoder = load_encoder(str(tiny_model), progress=said.append, precision="float32", cache=cache)
        assert isinstance(encoder, TransformerEncoder)
        assert "vectors differ: cosine" in said[-1]
        assert not list(cache.glob("*/*/*/export.json"))
        monkeypatch.setattr(onnx_export, "_write_graph", fail)
    assert_agrees(encoder, tiny_model)


def test_an_exporter_that_fails_leaves_sentence_transformers(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr(onnx_export, "_write_graph", fail)
    said: list[str] = []
    assert isinstance(
        load_encoder(str(tiny_model), progress=said.append, precision="float32", cache=cache),
        TransformerEncoder,
    )
    assert "it cannot be converted (AssertionError: converted again)" in said[-1]
    monkeypatch.undo()
    monkeypatch.setattr(conversions, "CONVERTED_WITH", ("torch",))
    assert isinstance(load_encoder(str(tiny_model), precision="float32", cache=cache), OnnxEncoder)


def test_a_first_load_prints_nothing_and_raises_no_warning(tiny_model: Path, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from pincite.index.encoder import load_encoder; "
        "kind = type(load_encoder(sys.argv[1], cache=pathlib.Path(sys.argv[2]))).__name__; "
        "sys.exit(0 if kind == 'OnnxEncoder' else kind)"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(tiny_model), str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize("is_converted", [False, True])
def test_an_encoder_leaves_nothing_in_the_users_home_but_its_conversion(
    tiny_model: Path, tiny_cache: Path, tmp_path: Path, is_converted: bool
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    cache = tiny_cache if is_converted else tmp_path / "cache"
    script = (
        "import sys, pathlib; from pincite.index.encoder import load_encoder; "
        "load_encoder(sys.argv[1], cache=pathlib.Path(sys.argv[2])).encode(['The river bank'])"
    )
    command = [sys.executable, "-c", script, str(tiny_model), str(cache)]
    kept = {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}  # not CI, where onnxruntime reports nothing by itself
    environment = {name: value for name, value in os.environ.items() if name in kept}
    subprocess.run(command, env={**environment, "HOME": str(home), "HF_HUB_OFFLINE": "1"}, check=True)
    assert not list(home.rglob("*"))
