"""An encoder that runs a converted model on onnxruntime: no torch, no transformers, 0.2 s to start.

A converted model is a folder, written once by ``onnx_export`` and never changed:

    export.json        an ``Export``: what tokenizer and caller must know, and the files' sizes and hashes
    tokenizer.json     the model's tokenizer, in the tokenizers library's own form
    model.onnx         the graph: ids and mask to unit vectors
    model.onnx.data    the weights, which onnxruntime maps into memory instead of copying
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.index.cores import SideBySide, usable_cores
from pincite.index.encoder_files import EncoderIdentity, first_line, sha256_of
from pincite.index.telemetry import refuse_telemetry
from pincite.index.text_tokenizer import TextTokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

RECORD = "export.json"
TOKENIZER = "tokenizer.json"
MODEL = "model.onnx"
INPUT, OUTPUT = "input_ids", "sentence_vector"
FORMAT = 2
_SLOW_FUSION = "SkipLayerNormFusion"  # norms joined with the sums before them take longer


class ExportMissingError(Exception):
    """There is no converted model, or none that can be read."""


class ExportDamagedError(Exception):
    """The files of a converted model are not those that were written; the message says which."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of a converted model, as it was written."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Export:
    """What ``export.json`` holds. ``window`` and ``prefix`` are ``TextTokenizer``'s."""

    format: int
    dimension: int
    precision: str
    window: int
    prefix: str
    unknown_id: int | None
    files: tuple[ExportedFile, ...]
    versions: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> Export:
        """Raises ``ExportMissingError`` without a record, ``ExportDamagedError`` if it has another form."""
        try:
            content = (folder / RECORD).read_bytes()
        except OSError as error:
            raise ExportMissingError(f"{RECORD}: {error!r}") from error
        try:
            fields = json.loads(content)
            fields["files"] = tuple(ExportedFile(**file) for file in fields["files"])
            export = cls(**fields)
        except (ValueError, KeyError, TypeError) as error:
            raise ExportDamagedError(f"{RECORD}: {error!r}") from error
        if export.format != FORMAT:
            raise ExportDamagedError(f"{RECORD} has format {export.format}, not {FORMAT}")
        return export

    def write(self, folder: Path) -> None:
        """Write the record; the files that it lists are there already."""
        (folder / RECORD).write_text(json.dumps(asdict(self), indent=1), "utf-8")

    def check_sizes(self, folder: Path) -> None:
        """Before the files are mapped: a mapping beyond a file's end would kill the process."""
        for file in self.files:
            try:
                size = (folder / file.name).stat().st_size
            except OSError as error:
                raise ExportDamagedError(f"{file.name}: {error!r}") from error
            if size != file.bytes:
                raise ExportDamagedError(f"{file.name} has {size} bytes, not {file.bytes}")

    def check_contents(self, folder: Path) -> None:
        """Read every file and compare hashes."""
        for file in self.files:
            try:
                found = sha256_of(folder / file.name)
            except OSError as error:
                raise ExportDamagedError(f"{file.name}: {error!r}") from error
            if found != file.sha256:
                raise ExportDamagedError(f"{file.name} is not what was written")


@dataclass(frozen=True, slots=True)
class OnnxEncoder:
    """An ``Encoder`` over a converted model."""

    identity: EncoderIdentity
    session: InferenceSession = field(repr=False)
    tokenizer: TextTokenizer = field(repr=False)
    _workers: SideBySide = field(repr=False)

    @classmethod
    def open(cls, folder: Path, *, name: str, weights_sha256: str) -> OnnxEncoder:
        """Open the converted model in ``folder``.

        Raises ``ExportMissingError`` when there is none, and ``ExportDamagedError`` when its files are not as
        they were written. Hashing 90 MB takes 0.06 s, and is done while onnxruntime loads them.
        """
        export = Export.read(folder)
        export.check_sizes(folder)
        with ThreadPoolExecutor(max_workers=1) as pool:
            checked = pool.submit(export.check_contents, folder)
            try:
                encoder = cls._load(folder, export, name, weights_sha256)
            except Exception as error:
                checked.result()  # which file is damaged says more than what the libraries made of it
                raise ExportDamagedError(f"it cannot be opened: {first_line(error)}") from error
            checked.result()
        return encoder

    @classmethod
    def _load(cls, folder: Path, export: Export, name: str, weights_sha256: str) -> OnnxEncoder:
        refuse_telemetry()
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        options = SessionOptions()
        options.log_severity_level = 3  # errors only
        options.intra_op_num_threads = 1
        return cls(
            EncoderIdentity(name, weights_sha256, export.dimension, export.precision),
            InferenceSession(
                folder / MODEL,
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=[_SLOW_FUSION],
            ),
            TextTokenizer.of(
                Tokenizer.from_file(str(folder / TOKENIZER)),
                window=export.window,
                prefix=export.prefix,
                unknown_id=export.unknown_id,
            ),
            SideBySide(usable_cores(), "pincite-encoder"),
        )

    @property
    def max_tokens(self) -> int:
        """See ``Encoder``."""
        return self.tokenizer.max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See ``Encoder``. The longest texts come first, so that all cores are done at about one time."""
        import numpy as np

        if isinstance(texts, str):
            raise ValueError("encode takes a sequence of texts, not one text")
        vectors = np.empty((len(texts), self.identity.dimension), dtype=np.float32)
        longest_first = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        run = self._workers.map if len(texts) > 1 else map
        encoded = run(self._run, [texts[place] for place in longest_first])
        for place, vector in zip(longest_first, encoded, strict=True):
            vectors[place] = vector
        return vectors

    def _run(self, text: str) -> NDArray[np.float32]:
        import numpy as np

        ids = np.array([self.tokenizer.row(text)], dtype=np.int64)
        ((vector,),) = self.session.run([OUTPUT], {INPUT: ids})
        return np.asarray(vector, dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``Encoder``."""
        return self.tokenizer.count(texts)

    def known_share(self, text: str) -> float:
        """See ``Encoder``."""
        return self.tokenizer.known_share(text)
