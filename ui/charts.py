"""The HTML of what is looked at rather than read: scores of passages as bars, and the corpus in figures.

Each chart is a table or a list whose numbers stand in it as text, and whose bars are drawn by CSS (look.css)
beside them. All texts that come from documents are escaped. The map has a module of its own, ``corpus_map``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from pincite.answers import Answer
from pincite.index.corpus import Stats
from pincite.index.records import DocumentInfo
from pincite.index.retrieval import Hit
from pincite.ui.markup import beginning, escape, last_part, plain_name, shown_name
from pincite.ui.words import Words

DOCUMENTS_CHARTED = 10
_KINDS_CHARTED = 8
_LONGEST_SUFFIX = 8
_BEGINNING_CHARACTERS = 110
_UNITS = ("B", "kB", "MB", "GB", "TB")

Bar = tuple[str, int]


def score_chart(index: int, answer: Answer, reader: Sequence[float | None], words: Words) -> str:
    """Return the scores of the answer's passages as a table with bars, in the passages' order.

    ``index`` is the place of the answer's exchange in the conversation, for the keys that open a passage;
    ``reader`` has a score for each passage, as ``passage_scores.reader_scores`` does.
    """
    if not answer.passages:
        return nothing_to_compare(words)
    highest = max(hit.lexical_score for hit in answer.passages)
    rows = "".join(
        _score_row(f"{index}-passage-{rank}", rank + 1, hit, read, highest, _citing(answer, hit), words)
        for rank, (hit, read) in enumerate(zip(answer.passages, reader, strict=True))
    )
    heads = (
        ("dense", words.meaning, words.meaning_about),
        ("lexical", words.by_words, words.by_words_about),
        ("reader", words.by_reader, words.by_reader_about),
    )
    columns = "".join(
        f'<th scope="col"><span class="pc-key pc-{kind}"></span>{escape(name)}'
        f" <small>{escape(about)}</small></th>"
        for kind, name, about in heads
    )
    return (
        '<div class="pc-look pc-scores"><table>'
        f"<caption>{escape(words.scores)} <small>{escape(words.scores_about)}</small></caption>"
        f'<thead><tr><th scope="col">{escape(words.passage)}</th>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def nothing_to_compare(words: Words) -> str:
    """Return what is shown where no passages were found."""
    return f'<p class="pc-note">{words.no_scores}</p>'


def statistics(stats: Stats, documents: Sequence[DocumentInfo], words: Words) -> str:
    """Return the corpus in figures: how much there is of what, in which languages and formats."""
    counts = (
        (words.files, f"{stats.files:,}"),
        (words.documents, f"{stats.documents:,}"),
        (words.groups, f"{stats.groups:,}"),
        (words.passages, f"{stats.passages:,}"),
        (words.characters, f"{stats.characters:,}"),
        *(((words.on_disk, _size(stats.bytes)),) if stats.bytes else ()),
    )
    figures = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in counts)
    names = dict(words.language_names)
    by_document = [(last_part(one.source), one.passages) for one in documents]
    spoken = [str(one.metadata.get("language") or "other") for one in documents]
    languages = Counter(names.get(language, language) for language in spoken)
    formats = Counter(_suffix(one.source) or words.no_suffix for one in documents)
    return (
        f'<section class="pc-look pc-stats" aria-label="{escape(words.statistics)}">'
        f'<h3>{escape(words.statistics)}</h3><dl class="pc-figures">{figures}</dl><div class="pc-counts">'
        f"{_bars(words.passages_by_document, by_document, DOCUMENTS_CHARTED, words, 'pc-wide')}"
        f"{_bars(words.languages, languages.items(), _KINDS_CHARTED, words)}"
        f"{_bars(words.formats, formats.items(), _KINDS_CHARTED, words)}</div>"
        f'<dl class="pc-facts">{_dates(documents, words)}{_made_by(stats, words)}</dl></section>'
    )


def _score_row(
    key: str, rank: int, hit: Hit, read: float | None, highest: float, citing: Sequence[int], words: Words
) -> str:
    numbers = " ".join(f"[{number}]" for number in citing)
    badge = (
        f'<span class="pc-cited">{escape(words.cited_as.format(numbers=numbers))}</span>' if citing else ""
    )
    kind = ' class="pc-is-cited"' if citing else ""
    first = beginning(hit.passage.text, _BEGINNING_CHARACTERS)
    lexical = hit.lexical_score or None
    cells = (
        _score("dense", words.meaning, hit.dense_score, hit.dense_score, 2, words)
        + _score("lexical", words.by_words, lexical, lexical and lexical / highest, 1, words)
        + _score("reader", words.by_reader, read, read, 2, words)
    )
    return (
        f'<tr{kind}><th scope="row"><span class="pc-rank">{rank}</span><span class="pc-which">'
        f'<button type="button" class="pc-address" data-open="{key}">'
        f"{shown_name(hit.passage.address)}</button> {badge}"
        f'<span class="pc-first" dir="auto">{escape(first)}</span></span></th>{cells}</tr>'
    )


def _score(kind: str, name: str, score: float | None, share: float | None, digits: int, words: Words) -> str:
    """Return a cell: the score as a number, and as a bar that fills ``share`` of its track."""
    label = f'<span class="pc-of" aria-hidden="true">{escape(name)}</span>'
    if score is None or share is None:
        value, bar = f'<span class="pc-none" title="{escape(words.no_score)}">–</span>', ""
    else:
        value = f'<span class="pc-value">{score:.{digits}f}</span>'
        bar = f'<span style="width: {max(0.0, min(share, 1.0)):.1%}"></span>'
    track = f'<span class="pc-track pc-{kind}" aria-hidden="true">{bar}</span>'
    return f"<td>{label}{value}{track}</td>"


def _citing(answer: Answer, hit: Hit) -> list[int]:
    """Return the numbers of the citations whose words stand in the hit's passage."""
    passage = hit.passage
    return [
        one.number
        for one in answer.citations
        if one.document_id == passage.document_id and passage.start <= one.start and one.end <= passage.end
    ]


def _bars(name: str, counts: Iterable[Bar], most: int, words: Words, kind: str = "") -> str:
    """Return the highest ``most`` counts with bars, and the sum of all others without one."""
    bars = sorted(counts, key=lambda bar: (-bar[1], bar[0]))
    rest = None
    if len(bars) > most + 1:
        others = [count for _, count in bars[most:]]
        rest = words.others.format(count=f"{len(others):,}"), sum(others)
        bars = bars[:most]
    highest = max((count for _, count in bars), default=0) or 1
    rows = "".join(
        f'<tr><th scope="row"><span title="{escape(plain_name(label))}">{shown_name(label)}</span></th>'
        f'<td class="pc-value">{count:,}</td><td><span class="pc-track pc-plain" aria-hidden="true">'
        f'<span style="width: {count / highest:.1%}"></span></span></td></tr>'
        for label, count in bars
    )
    if rest:
        rows += (
            f'<tr class="pc-rest"><th scope="row">{escape(rest[0])}</th>'
            f'<td class="pc-value">{rest[1]:,}</td><td></td></tr>'
        )
    return (
        f'<table class="{kind}"><caption>{escape(name)}</caption><tbody>{rows}</tbody></table>'
        if rows
        else ""
    )


def _suffix(source: str) -> str:
    """Return the end of a file's name, as ".pdf"; empty where it has none that names a format."""
    _, dot, suffix = last_part(source).rpartition(".")
    return f".{suffix.lower()}" if dot and suffix.isalnum() and len(suffix) <= _LONGEST_SUFFIX else ""


def _dates(documents: Sequence[DocumentInfo], words: Words) -> str:
    dates = sorted(str(one.metadata["date"])[:10] for one in documents if one.metadata.get("date"))
    if not dates:
        return ""
    span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} – {dates[-1]}"
    dated = words.dated.format(count=len(dates), total=len(documents))
    return _fact(words.dates, span, dated)


def _made_by(stats: Stats, words: Words) -> str:
    dimensions = words.dimensions.format(count=stats.encoder.dimension)
    return _fact(words.encoder, stats.encoder.name, dimensions) + _fact(
        words.generation, f"{stats.generation:,}"
    )


def _fact(name: str, value: str, more: str = "") -> str:
    small = f" <small>{escape(more)}</small>" if more else ""
    return f"<div><dt>{escape(name)}</dt><dd>{shown_name(value)}{small}</dd></div>"


def _size(count: int) -> str:
    """Return a number of bytes in the unit that suits it.

    >>> _size(6_992_776)
    '7.0 MB'
    """
    size, unit = float(count), 0
    while size >= 999.95 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{count} {_UNITS[0]}"
