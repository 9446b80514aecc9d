"""What the tests of the page's HTML share: it is read back, and answers are made up to be shown."""

from html.parser import HTMLParser

from hypothesis import strategies as st

from pincite.answers import Answer, Citation, Claim, Status
from pincite.index.document import Span
from pincite.index.passages import Passage
from pincite.index.records import DocumentInfo
from pincite.index.retrieval import Hit
from pincite.ui import proof
from pincite.ui.conversation import Exchange, conversation

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)"> & ${1+1} {{value}} $x$ **b** [red]'
OUR_TAGS = {
    *("a", "article", "bdi", "blockquote", "button", "dd", "details", "div", "dl", "dt", "figcaption"),
    *("figure", "footer", "h1", "h2", "h3", "h4", "header", "img", "li", "mark", "ol", "p", "progress"),
    *("section", "small", "span", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
OUR_ATTRIBUTES = {
    *("alt", "aria-current", "aria-hidden", "aria-label", "aria-live", "aria-pressed", "class", "data-again"),
    *("data-ask", "data-copied", "data-copy", "data-of", "data-open", "data-remove", "data-save"),
    *("data-sure", "data-view", "dir", "href", "lang", "max", "rel", "role", "src", "style", "tabindex"),
    *("target", "title", "type", "value"),
}

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


class Rendered(HTMLParser):
    """Reads HTML back: the text of the whole and of each class or tag, and every tag and attribute used."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.keys: list[str] = []
        self.links: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._pieces: list[tuple[tuple[tuple[str, str], ...], str]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes |= given.keys()
        self.links += [given[name] for name in ("href", "src") if name in given]
        if tag != "img":
            self._open.append((tag, given.get("class", "")))
        if "data-open" in given and tag == "button":
            self.keys.append(given["data-open"])

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self._pieces.append((tuple(self._open), data))

    def text(self, name: str = "") -> str:
        """Return the text inside the tag or class ``name``, or all of it."""
        return "".join(self.pieces(name))

    def pieces(self, name: str = "") -> list[str]:
        """Return the runs of text inside the tag or class ``name``."""
        return [
            data
            for path, data in self._pieces
            if not name or any(name == tag or name in classes.split() for tag, classes in path)
        ]


class Shelf:
    """Documents with one text each, by id; those with ``pages`` can be drawn."""

    def __init__(self, pages: int = 0, **texts: str) -> None:
        self._pages = pages
        self._texts = texts

    def text(self, document_id: str) -> str:
        return self._texts[document_id]

    def document(self, document_id: str) -> DocumentInfo:
        metadata = {"title": f"Title {HOSTILE}", "publisher": "3 6 Ke", "date": "2025-08-14T10:10"}
        return DocumentInfo(document_id, "news.txt", "", metadata, 0, self._pages, 1, 1)

    def page_image(self, document_id: str, start: int = 0, end: int = 0) -> bytes:
        return f"{document_id} {start}-{end}".encode()


def passage_of(text: str, start: int, end: int, source: str = "news.txt") -> Passage:
    return Passage("d", source, "", "Group 2", start, end, text[start:end], ("3",), None)


def answer_of(
    text: str, passage: Span, quote: Span | None, *, claim: str = "", status: Status = "quoted"
) -> Answer:
    hit = Hit(passage_of(text, passage.start, passage.end), 1.0, 0.5, 2.0)
    cited = (
        ()
        if quote is None
        else (_citation(text[quote.start : quote.end], quote.start, quote.end, hit.passage.address),)
    )
    claims = (Claim(claim, (1,), status),) if cited else ()
    return Answer(
        question="q",
        text=claim if cited else "",
        answered=bool(cited),
        confidence=0.81,
        citations=cited,
        passages=(hit,),
        claims=claims,
        method="reader",
        standalone_question="q",
        notes=(),
        seconds=0.04,
    )


def _citation(quote: str, start: int, end: int, address: str) -> Citation:
    return Citation(1, "d", "news.txt", "", address, start, end, quote, ("3", "4"), 0.9)


def conversation_with(answer: Answer, question: str = "q") -> Rendered:
    return Rendered(conversation((Exchange(question, answer),)))


def opened(answer: Answer, key: str) -> proof.Opened:
    found = proof.opened((Exchange("q", answer),), key)
    assert found is not None
    return found
