"""Takes apart what an LLM replies, while it comes: claims, each with a passage's label and a quote.

A reply that begins as it should is read claim by claim. Any other is read when it is whole: it may think
aloud first, wrap JSON in prose or in a fence, or use tags where JSON was asked for.
"""

import html
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from pincite.index.passages import without_references
from pincite.prompting import UNSEEN

_LABELS = re.compile(r"(?<!\s)\s*[\[(]\s*P\d+(?:\s*[,;]\s*P\d+)*\s*[\])]")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_THOUGHTS = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_CLAIMS = re.compile(r'\{\s*"claims"')
_JSON = re.compile(r'\s*(?:```\w*\s*)?\{\s*"claims"\s*:\s*\[')
_NEXT = re.compile(r"[\s,]*")
_TAGS = re.compile(r"\s*(?:```\w*\s*)?(?=<claim>)")
_CLAIM = re.compile(r"<claim>(.*?)</claim>", re.DOTALL)
_FIELD = re.compile(r"<(passage|quote|text)>(.*?)(?:</\1>|(?=<(?:passage|quote|text)>)|\Z)", re.DOTALL)
_NO_ANSWER = re.compile(r"<no-answer\s*/?>")
_DECODER = json.JSONDecoder(strict=False)


class QuotedClaim(BaseModel):
    """A claim as the LLM makes it; nothing in it is to be believed yet."""

    text: str | None = None
    passage: str | int | None = None
    quote: str | None = None

    @property
    def sentence(self) -> str:
        """The claim on one line, without the labels, references and emphasis that the LLM may have put into
        it.
        """
        plain = _EMPHASIS.sub(r"\2", _LABELS.sub("", UNSEEN.sub("", html.unescape(self.text or ""))))
        return without_references(plain)

    @property
    def label(self) -> int:
        """The number of the passage it names, or 0."""
        named = str(self.passage)
        match = re.search(r"(?i)P\s?(\d{1,4})", named) or re.search(r"(\d{1,4})", named)
        return int(match[1]) if match else 0


class _Reply(BaseModel):
    claims: list[QuotedClaim]


@dataclass
class ReplyReader:
    """Reads a reply piece by piece.

    ``is_whole``: the reply ended where its form says that it ends; false as long as it may go on, for one in
    tags until it is finished.
    """

    text: str = ""
    is_whole: bool = False
    _place: int = 0
    _form: re.Pattern[str] | None = None

    def feed(self, piece: str) -> list[QuotedClaim]:
        """Return the claims that ``piece`` completes."""
        self.text += piece
        if self._form is None:
            self._begin()
        if self._form is _TAGS:
            found = self._from_tags()
        elif self._form is _JSON and not self.is_whole and ("}" in piece or "]" in piece):
            found = self._from_json()
        else:
            return []
        return [claim for claim in found if claim.sentence]

    def finish(self) -> list[QuotedClaim]:
        """Return the claims of a reply that did not begin as it should have, now that all of it is there.

        Raises ValueError when it has no form in which claims can be found.
        """
        if self._form is _TAGS:  # what follows the last claim is of no interest, unless it is another one
            self.is_whole = "<claim>" not in self.text[self._place :]
        if self._form is not None:
            return []
        claims = parse_reply(self.text)
        self.is_whole = True
        return claims

    def _begin(self) -> None:
        if self.text.lstrip().startswith("<think>") and "</think>" not in self.text:
            return
        thoughts = _THOUGHTS.match(self.text)
        start = thoughts.end() if thoughts else 0
        for form in (_JSON, _TAGS):
            if match := form.match(self.text, start):
                self._form, self._place = form, match.end()

    def _from_json(self) -> Iterator[QuotedClaim]:
        while True:
            self._place = _NEXT.match(self.text, self._place).end()  # type: ignore[union-attr]
            if self.text.startswith("]", self._place):
                self.is_whole = True
                return
            try:
                claim, self._place = _DECODER.raw_decode(self.text, self._place)
            except (ValueError, RecursionError):
                return
            with suppress(ValidationError):
                yield QuotedClaim.model_validate(claim)

    def _from_tags(self) -> Iterator[QuotedClaim]:
        while match := _CLAIM.search(self.text, self._place):
            self._place = match.end()
            yield _tagged(match[1])


def parse_reply(reply: str) -> list[QuotedClaim]:
    """Return the claims in a whole reply, in JSON or tags. Raises ValueError when it has neither."""
    said = _THOUGHTS.sub("", reply)
    for candidate in _json_objects(said):
        with suppress(ValidationError):
            return [claim for claim in _Reply.model_validate(candidate).claims if claim.sentence]
    tagged = [_tagged(match[1]) for match in _CLAIM.finditer(said)]
    if tagged or _NO_ANSWER.search(said):
        return [claim for claim in tagged if claim.sentence]
    raise ValueError("no claims, each a text, a passage and a quote")


def _tagged(inside: str) -> QuotedClaim:
    fields = {match[1]: match[2].strip() for match in _FIELD.finditer(inside)}
    return QuotedClaim(text=fields.get("text"), passage=fields.get("passage"), quote=fields.get("quote"))


def _json_objects(text: str) -> Iterator[object]:
    """Yield what can be read as JSON: the objects that begin with claims, the last one first, then the first
    of all.
    """
    starts = [match.start() for match in _CLAIMS.finditer(text)]
    for start in [*reversed(starts), max(0, text.find("{"))]:
        with suppress(ValueError, RecursionError):
            yield _DECODER.raw_decode(text, start)[0]
