"""The HTML of the map of the corpus: a place to draw on, what is drawn there, a legend and a list of hits.

What is drawn stands as JSON in an attribute, escaped, and never as a script; ``map.js`` draws it, and puts
every name and text there as text. A point, or a hit in the list, opens its passage by the key that
``passage_key`` makes. Where points lie is told by ``index.corpus_map``.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pincite.index.corpus_map import CorpusMap, Place
from pincite.index.records import DocumentInfo
from pincite.index.retrieval import Hit
from pincite.ui.markup import beginning, escape, last_part, plain_name, shown_name
from pincite.ui.words import Words

COLOURS = 8
_BEGINNING_CHARACTERS = 80
STEPS = 2000
"""In the page's data a place is a whole number from 0 to this on either axis."""


@dataclass(frozen=True, slots=True)
class _Dot:
    document_id: str
    start: int
    end: int
    address: str
    beginning: str
    place: Place


def passage_key(document_id: str, start: int, end: int) -> str:
    """Return what a click on a passage sends: ``passage:DOCUMENT_ID:START-END``."""
    return f"passage:{document_id}:{start}-{end}"


def corpus_map(found: CorpusMap, documents: Sequence[DocumentInfo], hits: Sequence[Hit], words: Words) -> str:
    """Return the map with the question's place and ``hits``, in the order of ``found.hits``, on it."""
    if not found.points:
        return f'<div class="pc-look pc-map"><p class="pc-note">{escape(words.map_empty)}</p></div>'
    dots, places_of_hits = _dots(found, hits)
    sizes = Counter(dot.document_id for dot in dots)
    names = {one.document_id: last_part(one.source) for one in documents}
    coloured = sorted(sizes, key=lambda one: (-sizes[one], names.get(one, ""), one))[:COLOURS]
    colours = {document_id: number for number, document_id in enumerate(coloured, 1)}
    data = _data(found, dots, places_of_hits, colours, words)
    about = words.map_sample if found.is_sample else words.map_about
    told = about.format(count=f"{len(found.points):,}", total=f"{found.passages:,}")
    unplaced = f'<p class="pc-note">{escape(words.map_question_unplaced)}</p>'
    return (
        f'<section class="pc-look pc-map" aria-label="{escape(words.map)}" data-map="{escape(data)}">'
        f'<div class="pc-map-head"><p class="pc-map-about">{escape(told)}</p>'
        f"{_tools(bool(hits), words)}</div>"
        f'<div class="pc-map-box" tabindex="0" role="application" aria-label="{escape(words.map)}"'
        ' aria-describedby="pc-map-keys">'
        '<canvas aria-hidden="true"></canvas><canvas aria-hidden="true"></canvas>'
        '<div class="pc-map-tip" hidden><b dir="auto"></b><span dir="auto"></span><small></small></div></div>'
        '<p class="pc-map-here" role="status"></p>'
        f"{_legend(sizes, colours, names, words)}{unplaced if hits and found.question is None else ''}"
        f"{_hits(hits, colours, words)}"
        f'<p class="pc-map-keys" id="pc-map-keys">{escape(words.map_keys)}</p></section>'
    )


def _dots(found: CorpusMap, hits: Sequence[Hit]) -> tuple[list[_Dot], list[int | None]]:
    """Return the map's points, with a hit that is not in the sample after them, and each hit's number among
    them.
    """
    dots = [
        _Dot(one.document_id, one.start, one.end, one.address, one.beginning, one.place)
        for one in found.points
    ]
    numbers = {(dot.document_id, dot.start, dot.end): number for number, dot in enumerate(dots)}
    of_hits: list[int | None] = []
    for hit, place in zip(hits, found.hits, strict=True):
        one = hit.passage
        number = numbers.get((one.document_id, one.start, one.end))
        if number is None and place is not None:
            number = len(dots)
            dots.append(_Dot(one.document_id, one.start, one.end, one.address, one.text, place))
        of_hits.append(number)
    return dots, of_hits


def _data(
    found: CorpusMap,
    dots: Sequence[_Dot],
    of_hits: Sequence[int | None],
    colours: dict[str, int],
    words: Words,
) -> str:
    """Return what ``map.js`` draws, as JSON. Texts are lines of one string: every quote in an attribute takes
    six characters.
    """
    numbers: dict[str, int] = {}
    of_documents = [numbers.setdefault(dot.document_id, len(numbers)) for dot in dots]
    return json.dumps(
        {
            "documents": list(numbers),
            "colours": [colours.get(one, 0) for one in numbers],
            "document": of_documents,
            "x": [round(dot.place.x * STEPS) for dot in dots],
            "y": [round(dot.place.y * STEPS) for dot in dots],
            "span": [edge for dot in dots for edge in (dot.start, dot.end)],
            "address": "\n".join(plain_name(dot.address) for dot in dots),
            "words": "\n".join(beginning(dot.beginning, _BEGINNING_CHARACTERS) for dot in dots),
            "question": found.question and [round(found.question.x * STEPS), round(found.question.y * STEPS)],
            "hits": list(of_hits),
            "steps": STEPS,
            "texts": {"question": words.map_question, "tap": words.map_tap},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _tools(has_hits: bool, words: Words) -> str:
    tools = [
        ("nearer", "+", words.map_nearer),
        ("farther", "−", words.map_farther),
        ("whole", "1:1", words.map_whole),
    ]
    if has_hits:
        tools.append(("hits", "★", words.map_to_hits))
    buttons = "".join(
        f'<button type="button" data-look="{name}" aria-label="{escape(label)}" title="{escape(label)}">'
        f"{sign}</button>"
        for name, sign, label in tools
    )
    return f'<div class="pc-map-tools">{buttons}</div>'


def _legend(sizes: Counter[str], colours: dict[str, int], names: dict[str, str], words: Words) -> str:
    entries = "".join(
        _entry(number, plain_name(names.get(document_id, document_id)), sizes[document_id])
        for document_id, number in colours.items()
    )
    others = len(sizes) - len(colours)
    if others:
        rest = sum(count for document_id, count in sizes.items() if document_id not in colours)
        entries += _entry(0, words.others.format(count=others), rest)
    return f'<div class="pc-map-legend" role="group" aria-label="{escape(words.documents)}">{entries}</div>'


def _entry(colour: int, name: str, count: int) -> str:
    return (
        f'<button type="button" class="pc-map-name" aria-pressed="false" data-colour="{colour}">'
        f'<span class="pc-swatch pc-swatch-{colour}"></span><bdi title="{escape(name)}">{escape(name)}</bdi>'
        f" <small>{count:,}</small></button>"
    )


def _hits(hits: Sequence[Hit], colours: dict[str, int], words: Words) -> str:
    if not hits:
        return ""
    rows = "".join(
        f'<li><button type="button" class="pc-map-hit" data-hit="{rank}"'
        f' data-open="{escape(passage_key(one.document_id, one.start, one.end))}">'
        f'<span class="pc-rank">{rank + 1}</span>'
        f'<span class="pc-swatch pc-swatch-{colours.get(one.document_id, 0)}"></span>'
        f'<span class="pc-which">{shown_name(one.address)}<span class="pc-first" dir="auto">'
        f"{escape(beginning(one.text, _BEGINNING_CHARACTERS))}</span></span></button></li>"
        for rank, one in enumerate(hit.passage for hit in hits)
    )
    return f'<h4>{escape(words.map_hits)}</h4><ol class="pc-map-hits">{rows}</ol>'
