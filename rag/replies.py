"""Takes apart what an LLM replies, while it comes: claims, each with a passage's label and a quote.

A reply that begins as it should is read claim by claim. Any other is read when it is whole: it may think
aloud first, wrap JSON in prose or in a fence, or use tags where JSON was asked for.
"""

import html
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from pincite.index.passages import without_references
from pincite.quoting import without_unseen

_NO_CLAIMS = "no claims, each a text, a passage and a quote"
MOST_CHARACTERS = 2000
MOST_QUOTED = 8000
_LABELS = re.compile(r"(?<!\s)\s*[\[(]\s*P\d+(?:\s*[,;]\s*P\d+)*\s*[\])]")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.{1,500}?)(?<=\S)\1")
_THOUGHTS = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_CLAIMS = re.compile(r'\{\s*"claims"')
_JSON = re.compile(r'\s*(?:```\w*\s*)?\{\s*"claims"\s*:\s*\[')
_NEXT = re.compile(r"[\s,]*")
_TAGS = re.compile(r"\s*(?:```\w*\s*)?(?=<claim>)")
_OPEN, _CLOSE = "<claim>", "</claim>"
_FIELD = re.compile(r"<(passage|quote|text)>(.*?)(?:</\1>|(?=<(?:passage|quote|text)>)|\Z)", re.DOTALL)
_NO_ANSWER = re.compile(r"<no-answer\s*/?>")
_MOST_LEADING = 1000
_MOST_OBJECTS = 5
_MOST_OF_A_CLAIM = 20_000
_DECODER = json.JSONDecoder(strict=False)


class QuotedClaim(BaseModel):
    """A claim as the LLM makes it; nothing in it is to be believed yet."""

    text: str | None = None
    passage: str | int | None = None
    quote: str | None = None

    @property
    def sentence(self) -> str:
        """The claim on one line, without the labels, references and emphasis that the LLM may have put into
        it; too long a one is cut.
        """
        text = without_unseen(html.unescape((self.text or "")[:MOST_CHARACTERS]))
        return without_references(_EMPHASIS.sub(r"\2", _LABELS.sub("", text)))

    @property
    def is_too_long(self) -> bool:
        """Whether text or quote are longer than any that a person would check."""
        return len(self.text or "") > MOST_CHARACTERS or len(self.quote or "") > MOST_QUOTED

    @property
    def label(self) -> int:
        """The number of the passage it names, or 0."""
        named = str(self.passage)
        match = re.search(r"(?i)P\s?(\d{1,4})", named) or re.search(r"(\d{1,4})", named)
        return int(match[1]) if match else 0


@dataclass
class ReplyReader:
    """Reads a reply piece by piece.

    ``is_whole``: it ended where its form says that it ends, as far as can be told; ``may_go_on``: its form
    does not say where it ends. Both are settled once it is finished.
    """

    text: str = ""
    is_whole: bool = False
    may_go_on: bool = False
    _place: int = 0
    _form: re.Pattern[str] | None = None
    _has_begun_otherwise: bool = False
    _is_hopeless: bool = False  # so much was said without a claim that could be read
    _has_no_claims: bool | None = None  # there were entries, and none of them was a claim

    def feed(self, piece: str) -> list[QuotedClaim]:
        """Return the claims that ``piece`` completes."""
        self.text += piece
        if self._form is None and not self._has_begun_otherwise:
            self._begin()
        if self._form is _TAGS:
            found = self._from_tags(piece)
        elif self._form is _JSON and not (self.is_whole or self._is_hopeless) and re.search(r"[}\]]", piece):
            found = self._from_json()
        else:
            return []
        return [claim for claim in found if claim.sentence]

    def finish(self) -> list[QuotedClaim]:
        """Return the claims of a reply that did not begin as it should have, now that all of it is there.

        Raises ValueError when it has no form in which claims can be found.
        """
        if self._form is _JSON:
            if self._has_no_claims:
                raise ValueError(_NO_CLAIMS)
            return []
        self.may_go_on = True
        if self._form is _TAGS:
            claims = []
        else:
            said = _THOUGHTS.sub("", self.text)
            for found in _claims_in_json(said):
                self.is_whole, self.may_go_on = True, False
                return found
            claims = [claim for claim in map(_tagged, _tags_in(said, 0)) if claim.sentence]
            if not (claims or _CLOSE in said or _NO_ANSWER.search(said)):
                raise ValueError(_NO_CLAIMS)
        self.is_whole = _OPEN not in self.text[self.text.rfind(_CLOSE) + 1 :]
        return claims

    def _begin(self) -> None:
        """Look for the beginning of a form, after thoughts that have ended."""
        start = 0
        if self.text[:_MOST_LEADING].lstrip().startswith("<think>"):
            end = self.text.find("</think>", max(0, self._place - len("</think>")))
            if end < 0:
                self._place = len(self.text)
                return
            start = end + len("</think>")
        for form in (_JSON, _TAGS):
            if match := form.match(self.text, start):
                self._form, self._place = form, match.end()
                return
        self._has_begun_otherwise = len(self.text) - start > _MOST_LEADING

    def _from_json(self) -> Iterator[QuotedClaim]:
        while True:
            self._place = _NEXT.match(self.text, self._place).end()  # type: ignore[union-attr]
            if self.text.startswith("]", self._place):
                self.is_whole = True
                return
            try:
                claim, self._place = _DECODER.raw_decode(self.text, self._place)
            except (ValueError, RecursionError):
                self._is_hopeless = len(self.text) - self._place > _MOST_OF_A_CLAIM
                return
            try:
                valid = QuotedClaim.model_validate(claim)
            except ValidationError:
                self._has_no_claims = self._has_no_claims is not False
            else:
                self._has_no_claims = False
                yield valid

    def _from_tags(self, piece: str) -> Iterator[QuotedClaim]:
        unread = len(self.text) - len(piece) - len(_CLOSE)
        if self.text.find(_CLOSE, max(self._place, unread)) >= 0:
            yield from map(_tagged, _tags_in(self.text, self._place))
            self._place = self.text.rfind(_CLOSE) + len(_CLOSE)


def _tags_in(text: str, start: int) -> Iterator[str]:
    """Yield what stands between a claim's tags, from ``start`` on."""
    while (end := text.find(_CLOSE, start)) >= 0:
        opened = text.rfind(_OPEN, start, end)
        if opened >= 0:
            yield text[opened + len(_OPEN) : end]
        start = end + len(_CLOSE)


def _tagged(inside: str) -> QuotedClaim:
    fields = {match[1]: match[2].strip() for match in _FIELD.finditer(inside)}
    return QuotedClaim(text=fields.get("text"), passage=fields.get("passage"), quote=fields.get("quote"))


def _claims_in_json(text: str) -> Iterator[list[QuotedClaim]]:
    """Yield the claims of what can be read as JSON: the objects that begin with claims, the last one first,
    then the first of all.
    """
    starts = [match.start() for match in _CLAIMS.finditer(text)]
    for start in [*reversed(starts[-_MOST_OBJECTS:]), max(0, text.find("{"))]:
        with suppress(ValueError, RecursionError):
            found = _DECODER.raw_decode(text, start)[0]
            if isinstance(found, dict) and isinstance(found.get("claims"), list):
                claims = list(_valid(found["claims"]))
                if claims or not found["claims"]:
                    yield claims


def _valid(claims: Sequence[object]) -> Iterator[QuotedClaim]:
    for claim in claims:
        with suppress(ValidationError):
            yield QuotedClaim.model_validate(claim)
