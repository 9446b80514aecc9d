"""An evidence bundle as values and as JSON, which is read as what it is: text from anywhere.

Whatever is not in form is refused with one error: unknown or missing names, a name that comes twice, numbers
that are none, text that is no Unicode, and anything too large or nested too deeply. What a bundle says of a
corpus, and whether that holds, is left to ``bundles``.
"""

import json
import os
import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import ConfigDict, FailFast, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pincite.answers import Status
from pincite.index.errors import PinciteError
from pincite.index.faults import reason
from pincite.index.location import real_path
from pincite.index.new_files import give_name, refuse_taken

FORMAT: Final = "pincite evidence bundle"
VERSION: Final = 1
MOST_BYTES = 16 * 2**20
_MOST_NAMES = 10_000
_MOST_CHARACTERS_SHOWN = 80
_LARGEST = 2**63
_STEERING = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
_Count = Annotated[int, Field(ge=0)]
_Number = Annotated[int, Field(ge=1)]
_Share = Annotated[float, Field(ge=0, le=1)]
_One = TypeVar("_One")
_Several = Annotated[tuple[_One, ...], FailFast()]
"""Of what is not in form, the first is enough: a file may hold millions."""


@dataclass(frozen=True, slots=True, config=_STRICT)
class BundledEncoder:
    """The corpus's encoder, as ``EncoderIdentity`` has it."""

    name: str
    weights_sha256: str
    dimension: _Count
    precision: str


@dataclass(frozen=True, slots=True, config=_STRICT)
class BundledCorpus:
    """The corpus at the time: ``id`` is its own, which a backup keeps; every change raises ``generation``."""

    id: str
    generation: _Count
    encoder: BundledEncoder


@dataclass(frozen=True, slots=True, config=_STRICT)
class BundledClaim:
    """A claim, as ``Claim`` has it."""

    text: str
    citations: _Several[_Number]
    status: Status


@dataclass(frozen=True, slots=True, config=_STRICT)
class BundledCitation:
    """A citation, as ``Citation`` has it."""

    number: _Number
    document_id: str
    source: str
    title: str
    address: str
    start: _Count
    end: _Count
    quote: str
    references: _Several[str]
    score: float


@dataclass(frozen=True, slots=True, config=_STRICT)
class BundledAnswer:
    """A question and what was answered, as ``Answer`` has it; the passages that were read are left out."""

    question: str
    standalone_question: str
    answered: bool
    text: str
    confidence: _Share
    method: str
    notes: _Several[str]
    claims: _Several[BundledClaim]
    citations: _Several[BundledCitation]


@dataclass(frozen=True, slots=True, config=_STRICT)
class BundledFile:
    """The file that a document was read from, and the SHA-256 of its content as it was indexed."""

    source: str
    sha256: _Sha256


@dataclass(frozen=True, slots=True, config=_STRICT)
class BundledDocument:
    """A cited document: its length in code points, the SHA-256 of its text in UTF-8, and its file, which is
    None for text in hand. Of a document inside a file, it is the outer one.
    """

    document_id: str
    source: str
    characters: _Count
    text_sha256: _Sha256
    file: BundledFile | None
    metadata: dict[str, str | bool | int | float]


@dataclass(frozen=True, slots=True, config=_STRICT)
class Bundle:
    """Answers with what is needed to check them again later. ``made_at`` is in UTC; ``pincite`` is the
    version that made it; ``sha256`` is the digest of everything else in it.
    """

    format: Literal["pincite evidence bundle"]
    version: Literal[1]
    pincite: str
    made_at: _Time
    corpus: BundledCorpus
    answers: _Several[BundledAnswer]
    documents: _Several[BundledDocument]
    sha256: _Sha256

    @staticmethod
    def read(file: str | Path) -> "Bundle":
        """Read what ``write`` wrote. Raises ``PinciteError`` where it cannot be read or is not in form."""
        try:
            with Path(file).open("rb") as opened:
                content = opened.read(MOST_BYTES + 1)
        except OSError as error:
            raise PinciteError(f"cannot read {file}: {reason(error)}: name an evidence bundle") from error
        return Bundle.from_json(content, name=str(file))

    @staticmethod
    def from_json(content: str | bytes, *, name: str = "the text") -> "Bundle":
        """Return the bundle that ``to_json`` made text of; ``name`` is what errors call it.

        Raises ``PinciteError`` for anything that is not in form. Whether it is true, or even the bundle that
        was made, is not looked at here.
        """
        try:
            text = _checked(content)
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            problem = _first_problem(error)
        except ValueError as error:
            problem = str(error)
        except RecursionError:
            problem = "it is nested too deeply"
        raise PinciteError(f"{name} is no sound evidence bundle: {_shown(problem, 4)}") from None

    def to_json(self) -> str:
        """Return the bundle as JSON text. Invisible characters and those that set a direction are escaped, so
        that nothing in it reads otherwise than it is.
        """
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2, allow_nan=False)
        return _STEERING.sub(lambda match: json.dumps(match.group())[1:-1], text) + "\n"

    def write(self, file: str | Path, *, overwrite: bool = False) -> None:
        """Write the bundle to ``file``, which is there whole or not at all.

        Raises ``PinciteError`` where there is one already, unless it may be overwritten, where it cannot be
        written, and where it would be too large to be read again.
        """
        target = real_path(file)
        content = self.to_json().encode()
        if len(content) > MOST_BYTES:
            raise PinciteError(f"a bundle holds at most {MOST_BYTES:,} bytes: keep fewer answers in each")
        temporary = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            refuse_taken(target, overwrite)
            with temporary.open("xb") as written:
                written.write(content)
                written.flush()
                os.fsync(written.fileno())
            give_name(temporary, target, overwrite)
        except OSError as error:
            raise PinciteError(
                f"cannot write {target}: {reason(error)}: name a file where there is room and you may write"
            ) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def digest(self) -> str:
        """Return the SHA-256 of the bundle without its ``sha256``: of its JSON in UTF-8, the names sorted,
        nothing escaped that need not be, no white space between.
        """
        content = asdict(self)
        del content["sha256"]
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()

    def sealed(self) -> "Bundle":
        """Return the bundle with its own digest in it."""
        return replace(self, sha256=self.digest())


_ADAPTER = TypeAdapter(Bundle)


def _checked(content: str | bytes) -> bytes:
    """Return the JSON of an object that says it is a bundle. Raises ValueError or RecursionError."""
    try:
        raw = content.encode() if isinstance(content, str) else content
        if len(raw) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        text = raw.decode()
    except UnicodeError:
        raise ValueError("it is not in UTF-8") from None
    try:
        plain = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_refused,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} in line {error.lineno}") from None
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT!r}")
    version = _shown(repr(plain.get("version")))
    if version != str(VERSION):
        raise ValueError(f"it has version {version}, this pincite reads version {VERSION}: update pincite")
    return raw


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Only one of few names can be in form, and these are looked at one by one."""
    if len(pairs) > _MOST_NAMES:
        raise ValueError(f"an object in it has more than {_MOST_NAMES:,} names")
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"{_shown(repr(name))} is twice in one object")
        content[name] = value
    return content


def _integer(digits: str) -> int:
    if len(digits) > len(str(_LARGEST)) + 1 or abs(int(digits)) >= _LARGEST:
        raise ValueError(f"{_shown(digits)} is too large a number")
    return int(digits)


def _float(digits: str) -> float:
    if not isfinite(number := float(digits)):
        raise ValueError(f"{_shown(digits)} is too large a number")
    return number


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{_shown(place)}: {first['msg']}" if place else str(first["msg"])


def _shown(text: str, times: int = 1) -> str:
    """Return what is shown of a text from outside: not much, and nothing that is no Unicode."""
    most = times * _MOST_CHARACTERS_SHOWN
    plain = text.encode("utf-8", "backslashreplace").decode()
    return plain if len(plain) <= most else f"{plain[:most]}…"
