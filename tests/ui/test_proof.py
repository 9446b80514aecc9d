"""What the chat page shows: escaped whatever it is, and with the quote exactly where it stands."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.answers import Answer, Citation, Claim, Status
from pincite.index.document import Span
from pincite.index.passages import Passage
from pincite.index.records import DocumentInfo, Receipt
from pincite.index.retrieval import Hit
from pincite.ui import proof, uploads

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)"> & ${1+1} {{value}} $x$ **b** [red]'
OUR_TAGS = {
    *("article", "bdi", "blockquote", "button", "div", "footer", "h2", "h3", "h4", "header", "li", "mark"),
    *("ol", "p", "section", "span", "table", "tbody", "td", "th", "thead", "tr"),
}
OUR_ATTRIBUTES = {
    *("aria-current", "aria-hidden", "aria-label", "aria-live", "class", "data-of", "data-open", "dir"),
    *("role", "style", "tabindex", "title", "type"),
}

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


class Rendered(HTMLParser):
    """Reads HTML back: the text of the whole and of each class or tag, and every tag and attribute used."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.keys: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._pieces: list[tuple[tuple[tuple[str, str], ...], str]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes |= given.keys()
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
    """Documents with one text each, by id."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def text(self, document_id: str) -> str:
        return self._texts[document_id]

    def document(self, document_id: str) -> DocumentInfo:
        metadata = {"title": f"Title {HOSTILE}", "publisher": "3 6 Ke", "date": "2025-08-14T10:10"}
        return DocumentInfo(document_id, "news.txt", "", metadata, 0, 0, 1, 1)


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
    return Rendered(proof.conversation((proof.Exchange(question, answer),)))


def opened(answer: Answer, key: str) -> proof.Opened:
    found = proof.opened((proof.Exchange("q", answer),), key)
    assert found is not None
    return found


@given(before=texts, quote=texts, rest=texts, after=texts)
def test_the_marked_words_and_the_passage_are_the_documents_own(
    before: str, quote: str, rest: str, after: str
) -> None:
    text = before + quote + rest + after
    passage = Span(len(before), len(before + quote + rest))
    answer = answer_of(text, passage, Span(passage.start, passage.start + len(quote)), claim=quote)
    shown = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-citation-1")))
    assert shown.text("mark") == quote
    assert shown.text("pc-passage") == quote + rest
    assert shown.tags <= OUR_TAGS
    assert shown.attributes <= OUR_ATTRIBUTES


@given(question=texts, claim=texts, text=texts, note=texts)
def test_no_text_becomes_markup(question: str, claim: str, text: str, note: str) -> None:
    text = f"{HOSTILE}{text}"
    answer = answer_of(text, Span(0, len(text)), Span(0, len(text)), claim=f"{HOSTILE}{claim}")
    exchanges = (proof.Exchange(HOSTILE + question, answer), proof.Exchange(question, None, HOSTILE + note))
    shown = Rendered(proof.conversation(exchanges, pending=HOSTILE))
    assert shown.tags <= OUR_TAGS
    assert shown.attributes <= OUR_ATTRIBUTES
    assert HOSTILE in shown.text("pc-answer")
    assert HOSTILE in shown.text("pc-question")
    assert HOSTILE in shown.text("pc-problem")


def test_a_hostile_file_name_or_reason_stays_text() -> None:
    failed = Receipt(f"uploads/{HOSTILE.replace('/', '')}", "failed", HOSTILE)
    info = DocumentInfo("d", HOSTILE.replace("/", ""), HOSTILE, {}, 1, 0, 1, 1)
    for html in (uploads.receipts_table([failed]), uploads.documents_table([info])):
        shown = Rendered(html)
        assert shown.tags <= OUR_TAGS
        assert shown.attributes <= OUR_ATTRIBUTES
        assert HOSTILE in shown.text()


def test_a_citation_shows_number_address_quote_and_the_sources_own_reference() -> None:
    text = "Singapore's OCBC Bank has\ndeveloped around 30 internal tools"
    shown = conversation_with(answer_of(text, Span(0, len(text)), Span(0, len(text)), claim="OCBC Bank"))
    assert shown.text("pc-answer") == "OCBC Bank [1]"
    assert shown.text("pc-address") == "1news.txt › Group 2"
    assert shown.text("blockquote") == "Singapore's OCBC Bank has developed around 30 internal tools"
    assert shown.text("pc-reference") == "source ref. 3, 4"
    assert shown.text("pc-confidence") == "Confidence: high"
    assert shown.keys == ["0-citation-1", "0-citation-1"]


def test_the_quote_keeps_its_line_breaks_in_the_document() -> None:
    text = "The bus\nruns hourly."
    answer = answer_of(text, Span(0, len(text)), Span(4, 12), claim="bus")
    shown = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-citation-1")))
    assert shown.text("mark") == "bus\nruns"


def test_the_proof_names_title_publisher_date_and_reference() -> None:
    answer = answer_of("A text.", Span(0, 7), Span(0, 6), claim="A text")
    shown = Rendered(proof.in_context(Shelf(d="A text."), opened(answer, "0-citation-1")))
    assert shown.text("pc-about") == f"Title {HOSTILE} · 3 6 Ke · 2025-08-14 10:10"
    assert shown.text("pc-reference") == "source ref. 3, 4"


def test_the_context_is_cut_at_words_and_says_that_the_text_goes_on() -> None:
    words = " ".join(f"word{number}" for number in range(1000))
    start = words.index("word500")
    answer = answer_of(words, Span(start, start + 7), Span(start, start + 7), claim="word500")
    shown = Rendered(proof.in_context(Shelf(d=words), opened(answer, "0-citation-1")))
    before, after = shown.pieces("pc-around")
    assert before.startswith("… word4")
    assert before.endswith(" word499")
    assert after.startswith("word501 ")
    assert after.endswith(" …")
    assert {*before.split(), *after.split()} - {"…"} <= set(words.split())


def test_a_question_without_an_answer_shows_the_nearest_passages() -> None:
    text = "The kettle sings. " * 40
    answer = answer_of(text, Span(0, len(text)), None)
    shown = conversation_with(answer)
    assert "Not answered by these documents" in shown.text("h4")
    assert shown.text("blockquote").startswith("The kettle sings. The kettle")
    assert shown.text("blockquote").endswith(" …")
    assert shown.keys == ["0-passage-0"]
    in_context = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-passage-0")))
    assert in_context.text("pc-passage") == text
    assert "mark" not in in_context.tags


@pytest.mark.parametrize(
    "key",
    ["", "0", "0-citation-2", "1-citation-1", "0-passage-1", "0-citation--1", "9999999-citation-1", "x-y-z"],
)
def test_a_key_that_stands_for_nothing_opens_nothing(key: str) -> None:
    answer = answer_of("A text.", Span(0, 7), Span(0, 6), claim="A text")
    assert proof.opened((proof.Exchange("q", answer),), key) is None


def test_a_citation_whose_passage_is_not_at_hand_is_shown_by_itself() -> None:
    text = "One. Two. Three."
    answer = answer_of(text, Span(0, 4), Span(5, 9), claim="Two")
    shown = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-citation-1")))
    assert shown.text("pc-passage") == shown.text("mark") == "Two."


def test_a_claim_that_says_more_than_its_quote_is_marked() -> None:
    answer = answer_of("A text.", Span(0, 7), Span(0, 6), claim="A text", status="check")
    assert conversation_with(answer).text("pc-doubt") == "says more than its quote"


@pytest.mark.parametrize(
    ("confidence", "word"), [(1.0, "high"), (0.75, "high"), (0.5, "medium"), (0.0, "low")]
)
def test_confidence_is_a_word(confidence: float, word: str) -> None:
    assert Rendered(proof._confidence(confidence)).text() == f"Confidence: {word}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n b\r\n\tc", "a b c"),
        ("合作社\n位于青溪", "合作社位于青溪"),
        ("到\nOCBC", "到 OCBC"),
        ("你好\uff0c\n世界", "你好\uff0c世界"),
    ],
)
def test_a_folded_quote_stands_on_one_line(text: str, line: str) -> None:
    assert proof.folded(text) == line
