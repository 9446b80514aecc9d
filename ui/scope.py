"""Which documents a question is asked of: chosen files, publishers and dates, as page and links say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urlencode

from pincite.index.filters import Condition
from pincite.ui.markup import last_part, plain_name
from pincite.ui.words import Words

MOST_CHOSEN = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """Nothing chosen: all documents. Dates are as much of ISO 8601 as is given, both ends included."""

    sources: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    @classmethod
    def chosen(
        cls,
        sources: Sequence[str] | None,
        publishers: Sequence[str] | None,
        since: str | None,
        until: str | None,
    ) -> Self:
        """Return what a person chose, None being nothing; at most ``MOST_CHOSEN`` of each."""
        return cls(
            tuple(sources or ())[:MOST_CHOSEN],
            tuple(publishers or ())[:MOST_CHOSEN],
            (since or "").strip(),
            (until or "").strip(),
        )

    @classmethod
    def from_link(cls, query: str) -> tuple[str, Self]:
        """Return the question of a link's query part, empty when it has none, and its scope."""
        given = parse_qs(query, max_num_fields=2 * MOST_CHOSEN + 10)
        first = {field: values[0] for field, values in given.items()}
        scope = cls.chosen(
            given.get("source"), given.get("publisher"), first.get("from", ""), first.get("to", "")
        )
        return first.get("q", "").strip(), scope

    def link(self, question: str) -> str:
        """Return the query part of the link that asks ``question`` of these documents.

        >>> Scope(sources=("a.txt",)).link("Who?")
        '?q=Who%3F&source=a.txt'
        """
        fields = [("q", question)]
        fields += [("source", source) for source in self.sources]
        fields += [("publisher", publisher) for publisher in self.publishers]
        fields += [(field, date) for field, date in (("from", self.since), ("to", self.until)) if date]
        return "?" + urlencode(fields)

    def where(self) -> Mapping[str, Condition] | None:
        """Return the condition for ``ask``; None: all documents."""
        dates = {bound: date for bound, date in (("gte", self.since), ("lte", self.until)) if date}
        chosen: dict[str, Condition] = {"source": self.sources, "publisher": self.publishers, "date": dates}
        return {field: condition for field, condition in chosen.items() if condition} or None

    def described(self, words: Words) -> str:
        """Return it in words, empty for all documents."""
        parts = [plain_name(last_part(source)) for source in self.sources]
        parts += map(plain_name, self.publishers)
        parts += [words.from_date.format(date=self.since)] if self.since else []
        parts += [words.to_date.format(date=self.until)] if self.until else []
        return ", ".join(parts)
