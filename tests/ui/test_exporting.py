"""A conversation to keep: as Markdown and as a page, with nothing in it that becomes markup or leads away."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pincite.answers import Answer, Citation, Claim, Status
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit
from pincite.ui.exporting import file_name, html_page, markdown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = (
    '</style></title><script>alert(1)</script><img src=x onerror="alert(2)"> & [x](javascript:alert(3))'
    " ![y](http://a.example/y.png) <http://b.example> https://c.example `code` | # *b* $x$ &lt; \u202egnp.exe"
)
OUR_TAGS = {
    *(
        "a",
        "bdi",
        "blockquote",
        "body",
        "footer",
        "h1",
        "h2",
        "head",
        "html",
        "li",
        "main",
        "meta",
        "ol",
        "p",
    ),
    *("section", "span", "style", "title", "ul"),
}
OUR_ATTRIBUTES = {"charset", "class", "content", "dir", "href", "http-equiv", "id", "lang", "name", "value"}
OUR_MARKDOWN = {"heading", "paragraph", "ordered_list", "bullet_list", "list_item", "em", "inline", "text"}
DAY = date(2026, 11, 26)

texts = st.text(alphabet=st.characters(exclude_categories=[]), max_size=30)


class Page(HTMLParser):
    """Reads a page back: its tags, attributes, ids and links, and the text in each class or tag."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._pieces: list[tuple[frozenset[str], str]] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes |= given.keys()
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        if tag != "meta":
            self._open.append((tag, given.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self._pieces.append((frozenset(name for pair in self._open for name in pair), data))

    def text(self, name: str) -> str:
        return "".join(data for inside, data in self._pieces if name in inside)


def answered(
    text: str = "OCBC Bank",
    quote: str = "OCBC has\nbuilt 30",
    question: str = "Which bank?",
    name: str = "news.txt",
    status: Status = "quoted",
    notes: tuple[str, ...] = (),
) -> Answer:
    citations = tuple(
        Citation(
            number,
            "d",
            f"press/{name}",
            name,
            f"{name} › Group {number}",
            9,
            9 + len(quote),
            quote,
            ("3",),
            0.9,
        )
        for number in (1, 2)
    )
    claims = (Claim(text, (2, 1), "quoted"), Claim(text, (1,), status), Claim(text, (), "unsupported"))
    hit = Hit(Passage("d", name, "", "Group 1", 0, len(quote), quote, (), None), 1.0, 0.5, 2.0)
    return Answer(question, text, True, 0.81, citations, (hit,), claims, "reader", question, notes, 0.04)


def unanswered(question: str = "Who?", passage: str = "Nothing of note.", name: str = "news.txt") -> Answer:
    hit = Hit(Passage("d", name, "", "Group 2", 0, len(passage), passage, (), None), 1.0, 0.5, 2.0)
    return Answer(question, "", False, 0.1, (), (hit,) * 6, (), "llm:qwen", question, (), 0.04)


def everywhere(text: str) -> list[Answer]:
    """Return answers that have ``text`` in every place for it."""
    one = answered(text, text, text, text, "check", (text,))
    named = [replace(citation, references=(text, text)) for citation in one.citations]
    return [
        replace(one, citations=tuple(named), method=f"llm:{text}", standalone_question=f"{text}?"),
        unanswered(text, text, text),
    ]


def test_the_markdown_has_a_heading_for_each_question_and_the_answers_own_form() -> None:
    first, second = answered(question="Which\nbank #1?"), unanswered()
    assert markdown([first, second]) == (
        "# Answers from your documents\n\n"
        f"## Which bank \\#1?\n\n{first.to_markdown()}\n\n"
        "Confidence 0.81 · the reader, without an LLM\n\n"
        f"## Who?\n\n{second.to_markdown()}\n\nqwen\n"
    )


def test_notes_and_what_was_searched_for_are_kept() -> None:
    answer = replace(answered(notes=("The LLM *failed*.", " ")), standalone_question="Which bank built it?")
    text = markdown([answer])
    assert "\n\n*The LLM \\*failed\\*.*\n\n*Searched for: Which bank built it?*\n\nConfidence" in text
    shown = Page(html_page([answer]))
    assert "The LLM *failed*." in shown.text("note")
    assert "Searched for: Which bank built it?" in shown.text("note")


def test_each_mark_of_the_page_leads_to_its_quote() -> None:
    shown = Page(html_page([answered(), unanswered(), answered(status="check")]))
    assert shown.ids == [
        *("question-1", "citation-1-1", "citation-1-2", "question-2"),
        *("question-3", "citation-3-1", "citation-3-2"),
    ]
    assert shown.links == [f"#citation-{n}-{one}" for n in (1, 3) for one in (2, 1, 1)]
    assert shown.text("h2") == "Which bank?Who?Which bank?"
    assert "OCBC Bank [2][1]; OCBC Bank [1]" in shown.text("answer")
    assert "OCBC has built 30" in shown.text("blockquote")
    assert "news.txt › Group 1 · source ref. 3 · press/news.txt:9-26" in shown.text("where")
    assert "unsupported (not found in the documents, and no part of the answer): OCBC Bank" in shown.text(
        "note"
    )
    assert "check (says more than its quote): OCBC Bank" in shown.text("note")
    assert shown.text("footer") == (
        "Confidence 0.81 · the reader, without an LLMqwenConfidence 0.81 · the reader, without an LLM"
    )


def test_a_question_that_is_not_answered_is_kept_with_the_nearest_passages() -> None:
    shown = Page(html_page([unanswered()]))
    assert shown.text("answer") == "Not answered by these documents."
    assert shown.text("ul").count("Nothing of note.") == 4
    assert Page(html_page([replace(unanswered(), passages=())])).tags.count("ul") == 0


def test_the_page_loads_nothing_and_says_so() -> None:
    page = html_page([answered()])
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page
    assert page.index("Content-Security-Policy") < page.index("<style>")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|@font-face|https?:", style[1])
    assert "prefers-color-scheme: dark" in style[1]
    assert "@media print" in style[1]


@pytest.mark.parametrize(
    "text", [HOSTILE, "<!--", "--> <!doctype x>", "&#60;b>", "]]>", "'\"><svg/onload=x>"]
)
def test_hostile_text_becomes_no_markup_of_the_page(text: str) -> None:
    shown = Page(html_page(everywhere(text)))
    assert set(shown.tags) <= OUR_TAGS
    assert shown.attributes <= OUR_ATTRIBUTES
    assert {link[:10] for link in shown.links} == {"#citation-"}
    for place in ("h2", "answer", "blockquote", "note", "footer"):
        assert text in shown.text(place)
    assert text.replace("\u202e", "\\u202e") in shown.text("where")


@given(texts)
def test_no_text_becomes_markup_of_the_page(text: str) -> None:
    page = html_page(everywhere(text))
    shown = Page(page)
    assert set(shown.tags) <= OUR_TAGS
    assert shown.attributes <= OUR_ATTRIBUTES
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
    page.encode()


@given(
    texts | st.sampled_from([HOSTILE, "- x", "> x", "===", "---", "    x", "```", "1) x", "[1]: http://a.b"])
)
def test_no_text_becomes_markup_of_the_markdown(text: str) -> None:
    exported = markdown(everywhere(text))
    kinds = set(
        _kinds(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(exported))
    )
    assert kinds <= OUR_MARKDOWN
    exported.encode()


def _kinds(tokens: Sequence[Any]) -> Sequence[str]:
    """Return the kinds of Markdown's tokens, but for what stands for a character."""
    kinds: list[str] = []
    for token in tokens:
        kinds += _kinds(token.children or [])
        kinds.append(re.sub(r"_(open|close)$", "", token.type))
    return [kind for kind in kinds if kind != "text_special"]


def test_no_answers_make_an_empty_page_and_text() -> None:
    assert markdown([]) == "# Answers from your documents\n"
    assert Page(html_page([])).text("title") == "Answers from your documents"
    assert file_name([], ".html", DAY) == "pincite-2026-11-26.html"


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Which bank built?", "which-bank-built"),
        ("合作社是哪一年成立的?", "合作社是哪一年成立的"),
        ("ＡＢＣ　in 2024：何時？", "abc-in-2024-何時"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\x00b\u202egnp.exe\n", "a-b-gnp-exe"),
        ("CON", "con"),
        ('<b>"x"?*|', "b-x"),
        ("кто?", ""),
        ("???", ""),
        (" ".join(["supercalifragilistic"] * 3), "supercalifragilistic"),
        ("x" * 90, "x" * 40),
        ("茶" * 90, "茶" * 40),
        ("what did they say about it in September?", "what-did-they-say-about-it-in-september"),
        ("what did they say about it in September 2024?", "what-did-they-say-about-it-in-september"),
        ("what did they say about it in Septembers 2024?", "what-did-they-say-about-it-in-septembers"),
        ("what did they say about it in Septemberish?", "what-did-they-say-about-it-in"),
    ],
)
def test_a_download_is_named_for_its_day_and_its_first_words(question: str, name: str) -> None:
    whole = f"pincite-2026-11-26-{name}" if name else "pincite-2026-11-26"
    assert file_name([answered(question=question), unanswered()], ".md", DAY) == f"{whole}.md"


@given(texts)
def test_a_downloads_name_is_one_short_file_name(question: str) -> None:
    name = file_name([answered(question=question)], ".json")
    assert re.fullmatch(r"pincite-\d{4}-\d\d-\d\d(-[^\W_]+)*\.json", name)
    assert name.isprintable()
    assert len(name.encode()) <= 200


def test_in_a_browser_hostile_text_stays_text_and_a_mark_leads_to_its_quote(
    browser: "Browser", tmp_path: Path
) -> None:
    file = tmp_path / file_name(everywhere(HOSTILE), ".html")
    file.write_text(html_page([answered(), *everywhere(HOSTILE)]), encoding="utf-8")
    context = browser.new_context(viewport={"width": 360, "height": 700}, color_scheme="dark")
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(file.as_uri())
    assert page.locator("script, img, svg, iframe").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 31)"
    page.get_by_role("link", name="[2]").first.click()
    assert page.evaluate("document.querySelector(':target').id") == "citation-1-2"
    assert said == []
    assert asked == [file.as_uri()]
    context.close()
