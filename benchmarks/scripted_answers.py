"""Answers that a scripted LLM gives from the sample documents, each with what must become of it.

Made from the documents alone, without chance, so they are the same in every run. The correct ones are the
documents' own words, in the forms that LLMs give them; the others are what must never be shown as a quote, or
never as one from the passage that the LLM named. ``scripted_faults`` makes those that are nobody's words.
"""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from unicodedata import normalize

from sample_places import Place, Samples, spread

from pincite.index.passages import REFERENCE

Family = Literal["correct", "misattributed", "made up", "stitched", "reworded", "wished", "feared"]

_TO_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_FULL_WIDTH_MARKS = {ord(mark): ord(mark) + 0xFEE0 for mark in ",:;()!?"}
_FULL_WIDTH_DIGITS = {code: code + 0xFEE0 for code in range(0x30, 0x3A)}
_STRAIGHT = str.maketrans("‘’“”", "''\"\"")


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """A quote that an LLM gives, and what must become of it.

    ``named`` is in the passage that its label names; ``label`` is that label's form, as in ``scripted_llm``.
    ``true`` is where the quoted words stand, None if they are nobody's.
    """

    family: Family
    kind: str
    quote: str | None
    named: Place
    true: Place | None
    label: str | None = "P{}"


def _curly(text: str) -> str:
    opened = re.sub(r'(^|[\s(—])"', r"\1“", text)
    return opened.replace('"', "”").replace("'", "’")


def _wrapped(text: str) -> str:
    if " " in text:
        return textwrap.fill(text, 38, break_on_hyphens=False, break_long_words=False)
    return "\n".join(text[at : at + 14] for at in range(0, len(text), 14))


def _spaced(text: str) -> str:
    """Return Chinese with a space on either side of figures and Latin letters, as many write it."""
    return re.sub(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[\u4e00-\u9fff])", " ", text)


def _softened(text: str) -> str:
    return re.sub(r"(?<=[a-z]{4})(?=[a-z]{4})", "\u00ad", text)


def _unended(text: str) -> str:
    return text[:-1] if text[-1] in ".。" else text


CHANGES: Mapping[str, Callable[[str], str]] = {
    "as shown": str,
    "lines wrapped": _wrapped,
    "spaces doubled": lambda text: text.replace(" ", "  "),
    "spaces of another kind": lambda text: text.replace(" ", "\u00a0"),
    "spaces around Latin in Chinese": _spaced,
    "invisible hyphens": _softened,
    "straight marks made curly": _curly,
    "curly marks made straight": lambda text: text.translate(_STRAIGHT),
    "hyphens that do not break": lambda text: text.replace("-", "\u2011"),
    "hyphens made dashes": lambda text: text.replace("-", "–"),
    "dashes made hyphens": lambda text: re.sub("[–—−]", "-", text),
    "full-width marks": lambda text: text.translate(_FULL_WIDTH_MARKS),
    "full-width digits": lambda text: text.translate(_FULL_WIDTH_DIGITS),
    "full width": lambda text: text if " " in text else text.translate(_TO_FULL_WIDTH),
    "half width": lambda text: re.sub("[！-～]+", lambda match: normalize("NFKC", match[0]), text),
    "accents apart (NFD)": lambda text: normalize("NFD", text),
    "full stop left out": _unended,
    "ellipsis before": lambda text: f"… {text}",
    "three dots after": lambda text: f"{_unended(text)}...",
    "Chinese ellipsis after": lambda text: text if " " in text else f"{_unended(text)}……",
    "ellipsis on both sides": lambda text: f"...{text}...",
    "straight marks around": lambda text: f'"{text}"',
    "single marks around": lambda text: f"‘{text}’",
    "curly marks around": lambda text: f"“{text}”",
    "guillemets around": lambda text: f"« {text} »",
    "corner marks around": lambda text: f"「{text}」",
    "marks around, full stop inside": lambda text: f"“{_unended(text)}.”",
    "**bold**": lambda text: f"**{text}**",
    "*italics*": lambda text: f"*{text}*",
    "a word in **bold**": lambda text: re.sub(r"(?<= )(\w{5,})(?= )", r"**\1**", text, count=1),
    "`code`": lambda text: f"`{text}`",
    "> quoted block": lambda text: f"> {text}",
    "。after": lambda text: text if " " in text or text[-1] == "。" else f"{text}。",
    "comma after": lambda text: f"{_unended(text)},",
    "label after": lambda text: f"{text} [P1]",
    "HTML for marks": lambda text: re.sub("['’]", "&#39;", text),
}
_UNCHANGED_TOO = ("as shown",)

LABELS = {
    "label a number": "#",
    "label without P": "{}",
    "label in brackets": "[P{}]",
    "label in words": "passage P{}",
}

WRONG_LABELS = {
    "no label": None,
    "label out of range": "P{1}",
    "label P0": "P0",
    "label in prose": "the last one",
}

WISHED: Mapping[str, Callable[[str], str]] = {
    "-- for a dash": lambda text: text.replace("—", "--"),
    "Chinese, a line ended after a half-width comma": lambda text: re.sub(
        "(?<=[,:;])(?=[0-9A-Za-z])", "\n", text
    ),
    "no marks inside": lambda text: re.sub("['’\"“”]", "", text),
}
"""What a person would take for the same words, and pincite does not promise to."""


def answers_from(samples: Samples) -> Iterator[ScriptedAnswer]:
    """Yield the correct answers and those under a wrong label, then those that nothing is promised about."""
    yield from _exact(samples)
    for kind, change in CHANGES.items():
        yield from _changed("correct", kind, change, samples)
    for kind, label in LABELS.items():
        for place in spread(samples.places, samples.per_kind // 2):
            yield ScriptedAnswer("correct", kind, place.shown, place, place, label)
    yield from _misattributed(samples)
    for kind, change in WISHED.items():
        yield from _changed("wished", kind, change, samples)
    yield from _unmarked(samples)
    yield from _cut_short(samples)


def _exact(samples: Samples) -> Iterator[ScriptedAnswer]:
    for shape in ("sentence", "part", "two sentences"):
        for place in spread((one for one in samples.places if one.shape == shape), samples.per_kind):
            yield ScriptedAnswer("correct", f"exact, {shape}", place.words, place, place)
    kept = [(place, _with_reference(place)) for place in samples.places]
    for place, quote in spread((one for one in kept if one[1]), samples.per_kind):
        yield ScriptedAnswer("correct", "references kept", quote, place, place)
    for place in spread((one for one in samples.places if REFERENCE.search(one.words)), samples.per_kind):
        yield ScriptedAnswer("correct", "references left out", place.shown, place, place)


def _with_reference(place: Place) -> str:
    """Return the words with the references that follow them, or with those among them; else nothing."""
    inside = place.passage.text[place.start - place.passage.start :]
    following = REFERENCE.match(inside, len(place.words))
    if following:
        return inside[: following.end()]
    return place.words if REFERENCE.search(place.words) else ""


def _changed(
    family: Family, kind: str, change: Callable[[str], str], samples: Samples
) -> Iterator[ScriptedAnswer]:
    changed = [(place, change(place.shown)) for place in samples.places]
    for place, quote in spread(
        (one for one in changed if one[1] != one[0].shown or kind in _UNCHANGED_TOO), samples.per_kind
    ):
        yield ScriptedAnswer(family, kind, quote, place, place)


def _misattributed(samples: Samples) -> Iterator[ScriptedAnswer]:
    places = spread(samples.places, 2 * samples.per_kind)
    for kind, is_same in (("another passage's label", True), ("another document's label", False)):
        pairs = [(place, _another(samples, place, same_document=is_same)) for place in places]
        for place, named in spread(pairs, samples.per_kind):
            if named is not None:
                yield ScriptedAnswer("misattributed", kind, place.shown, named, place)
    for kind, label in WRONG_LABELS.items():
        for place in spread(samples.places, samples.per_kind):
            yield ScriptedAnswer("misattributed", kind, place.shown, place, place, label)


def _another(samples: Samples, place: Place, *, same_document: bool) -> Place | None:
    """Return the next place in another passage, of the same document or of another one."""
    at = samples.places.index(place)
    for other in (*samples.places[at:], *samples.places[:at]):
        is_same = other.passage.document_id == place.passage.document_id
        if other.passage != place.passage and is_same == same_document:
            return other
    return None


def _unmarked(samples: Samples) -> Iterator[ScriptedAnswer]:
    """Yield runs of items without what parts them: bullets, and the hyphens between points."""
    for place in samples.places:
        if place.shape == "two sentences" and re.search(r"\s- ", place.words):
            quote = re.sub(r"\s+- ", " ", place.shown)
            yield ScriptedAnswer("wished", "hyphens between items left out", quote, place, place)


CUTS = (
    ("figure in words", "four neighbours bought it together"),
    ("figure in words", "three quarter hours after high water"),
    ("figure in words", "半小时,山路湿滑"),
    ("figure in words", "四年小学老师"),
    ("figure in words", "成按各户交售的鲜叶返还"),
    ("figure in digits", "45 pm"),
    ("figure in digits", "14, and a bill"),
    ("figure in digits", "250 francs"),
    ("negation", "fill, and the mill stands still"),
    ("negation", "touch the eyepiece"),
    ("negation", "接待客人"),
    ("negation", "paid."),
    ("negation", "再用复合肥,全部改施菜籽饼肥"),
    ("condition", "go upstairs"),
    ("condition", "Dogs stay at home"),
    ("a word or two", "the"),
    ("a word or two", "of the"),
    ("a word or two", "的"),
)
"""The documents' own words, cut so that they prove something else, or nothing."""


def _cut_short(samples: Samples) -> Iterator[ScriptedAnswer]:
    for kind, quote in CUTS:
        named = next(place for place in samples.places if quote in place.passage_shown)
        yield ScriptedAnswer("feared", f"cut short: {kind}", quote, named, None)
