"""The passages of a text that is in no corpus, cut as a corpus cuts a file.

Spans are those in the text as it is given: what is taken out to make it plain is counted.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

from pincite.index.document import Metadata
from pincite.index.formats import text_document
from pincite.index.passages import Passage, TokenCounter, draft_passages
from pincite.index.splitter import split

_TAKEN_OUT = re.compile(r"\A\ufeff|\r(?=\n)")  # by text_document, which makes a text plain


@dataclass(frozen=True, slots=True)
class TextPassage:
    """A passage, ``text[start:end]``. ``context`` are the lines, title and headings, that a corpus embeds
    before it; ``address`` has no file name where none was given, and may be empty.
    """

    start: int
    end: int
    group: str
    address: str
    references: tuple[str, ...]
    context: tuple[str, ...]


def cut_text(
    text: str,
    count_tokens: TokenCounter,
    max_tokens: int,
    *,
    file_name: str = "",
    title: str = "",
    is_markdown: bool = False,
) -> tuple[Metadata, list[TextPassage]]:
    """Return the metadata that the text states, ``title`` before its own, and its passages in order."""
    document = text_document(text, is_markdown=is_markdown)
    if title:
        document = replace(document, metadata={**document.metadata, "title": title})
    document, groups = split(document)
    taken = [match.start() - before for before, match in enumerate(_TAKEN_OUT.finditer(text))]
    passages = []
    for draft in draft_passages(document, groups, count_tokens, max_tokens):
        group, start, end = " › ".join(draft.group.path), draft.start, draft.end
        place = Passage("", file_name, "", group, start, end, "", draft.references, None, draft.points)
        passages.append(
            TextPassage(
                start=start + bisect_right(taken, start),
                end=end + bisect_left(taken, end),
                group=group,
                address=place.address.removeprefix(" › "),
                references=draft.references,
                context=tuple(draft.embedded.split("\n")[:-1]),
            )
        )
    return document.metadata, passages
