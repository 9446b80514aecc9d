"""What the tests of charts and map share: hostile texts, hits and documents, and HTML read back."""

from lxml import html
from lxml.html import HtmlElement

from pincite.answers import Answer, Citation
from pincite.index.passages import Passage
from pincite.index.records import DocumentInfo
from pincite.index.retrieval import Hit
from pincite.ui.words import CHINESE, ENGLISH

LANGUAGES = (ENGLISH, CHINESE)
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=document.title='owned'>",
    "' onmouseover='document.title=1",
    "javascript:document.title='owned'",
    "\u202egpj.exe\u202c \u2066abc\u2069 \u200f",
    "${document.title='owned'} {{value}} &lt;b&gt; &#x27;",
    "two\nlines\u2028three",
)


def read(markup: str) -> HtmlElement:
    """Return the page's part as a browser's parser would have it."""
    return html.fragment_fromstring(markup)


def tags_and_attributes(tree: HtmlElement) -> tuple[set[str], set[str]]:
    """Return every tag and every attribute in use."""
    elements = list(tree.iter())
    return {str(one.tag) for one in elements}, {str(name) for one in elements for name in one.attrib}


def texts(tree: HtmlElement, name: str) -> list[str]:
    """Return the texts of all elements of a class, as they stand."""
    return [one.text_content() for one in tree.find_class(name)]


def document(number: int, source: str, passages: int = 3, **metadata: str) -> DocumentInfo:
    return DocumentInfo(f"d{number}", source, "", metadata, 100, 0, 1, passages)


def hit(
    number: int,
    text: str = "The kettle sings.",
    source: str = "tea.txt",
    *,
    start: int = 0,
    dense: float | None = 0.5,
    lexical: float = 2.0,
) -> Hit:
    passage = Passage(f"d{number}", source, "", "Group 2", start, start + len(text), text, (), None)
    return Hit(passage, 0.9, dense, lexical)


def answer(*hits: Hit, cited: tuple[int, ...] = ()) -> Answer:
    """An answer found in ``hits`` that cites those at these places, by their first three characters."""
    passages = [hits[place].passage for place in cited]
    citations = tuple(
        Citation(
            number,
            one.document_id,
            one.source,
            "",
            one.address,
            one.start,
            one.start + 3,
            one.text[:3],
            (),
            1.0,
        )
        for number, one in enumerate(passages, 1)
    )
    return Answer("q", "a", bool(cited), 0.8, citations, hits, (), "reader", "q", (), 0.1)
