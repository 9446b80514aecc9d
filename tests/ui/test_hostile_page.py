"""Hostile strings through every field of the page, in a real browser: what is shown is text, and only text.

Each document has one string for its name, title, publisher and words; an LLM claims it word for word.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from pincite.ui.markup import folded, plain_name, untranslated
from pincite.ui.words import ENGLISH
from tests.llm_server import Reply, Server, claims_in_json, serving
from tests.ui.browsing import Site, ask, open_documents
from tests.ui.conftest import served
from tests.ui.hostile import STRINGS
from tests.ui.watching import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

TEXTS = tuple(STRINGS.values())
PASSAGES = 8
"""So many are read for a question."""


@pytest.fixture(scope="module")
def llm() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def hostile_site(encoder: Encoder, llm: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page of a corpus that is hostile throughout; its LLM has a name of all the strings."""
    folder = tmp_path_factory.mktemp("hostile")
    with Corpus.open(folder / "corpus", encoder=encoder) as corpus:
        for number, text in enumerate(TEXTS):
            metadata = {"title": f"T{number:02} {text}", "publisher": f"P{number:02} {text}"}
            receipt = corpus.add_text(sentence(number), source=source(number), metadata=metadata)
            assert receipt.status == "added", receipt
        model = "".join(TEXTS).replace("\0", "")
        with served(corpus, folder, "127.0.0.1", "", f"{llm.llm.partition('#')[0]}#{model}") as site:
            yield site


@pytest.fixture(scope="module")
def visitor(browser: "Browser") -> "Iterator[BrowserContext]":
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def watched(hostile_site: Site, visitor: "BrowserContext") -> Iterator[Watched]:
    """A page of its own; whatever was done there, it is checked at the end."""
    watched = Watched(visitor.new_page(), hostile_site.url)
    yield watched
    watched.check()
    watched.page.close()


def source(number: int) -> str:
    return f"{number:02} {TEXTS[number]}.txt".replace("\0", "")


def last_part(source: str) -> str:
    """Return what the page calls a document."""
    return plain_name(source.rsplit("/", 1)[-1])


def publisher(number: int) -> str:
    return f"P{number:02} {TEXTS[number]}"


def sentence(number: int) -> str:
    return f"Kestrel {number:02} carries {TEXTS[number]} on its ring."


def as_typed(text: str) -> str:
    """Return ``text`` as a field of a form holds it, and HTML shows it."""
    return text.replace("\0", "").replace("\r", "\n")


def as_kept(text: str) -> str:
    """Return ``text`` as the corpus keeps it."""
    return text.replace("\0", "\ufffd")


def as_shown(text: str) -> str:
    """Return ``text`` as HTML has it."""
    return text.replace("\0", "").replace("\r", "\n")


def as_stored(text: str) -> str:
    """Return ``text`` as a saved page has it."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", "\ufffd", folded(text))


def obedient(body: dict[str, Any]) -> Reply:
    """Claim the string of every passage, with its words; a follow-up becomes the string of its number."""
    user = body["messages"][-1]["content"]
    if asked := re.search(r"Last question: (\d+)", user):
        return Reply(f"Kestrel? {folded(TEXTS[int(asked[1])])}")
    found = re.findall(r"<passage-\w+ (P\d+)>\n.*?Kestrel (\d\d) carries", user, re.DOTALL)
    claims = [(TEXTS[int(number)], label, as_kept(sentence(int(number)))) for label, number in found]
    return Reply(claims_in_json(*claims))


def texts_of(part: "Page | Locator", selector: str) -> list[str]:
    return part.locator(selector).all_text_contents()


def saved(page: "Page", label: str) -> Path:
    """Save the first answer as the menu's ``label`` says."""
    menu = page.locator("#pc-conversation .pc-menu").first
    menu.locator("summary").click()
    with page.expect_download() as waited:
        menu.get_by_role("button", name=label, exact=True).click()
    return waited.value.path()


BATCHES = [range(first, min(first + PASSAGES, len(TEXTS))) for first in range(0, len(TEXTS), PASSAGES)]


@pytest.mark.parametrize("numbers", BATCHES, ids=lambda numbers: f"{numbers[0]}-{numbers[-1]}")
def test_what_is_asked_and_cited_is_shown_as_text_in_every_part(
    numbers: Sequence[int], watched: Watched, llm: Server, hostile_site: Site
) -> None:
    llm.replies[:] = [obedient] * 4
    question = " / ".join(TEXTS[number] for number in numbers)
    sources, publishers = [source(number) for number in numbers], [publisher(number) for number in numbers]
    page = watched.go(q=question, source=sources, publisher=publishers)
    card = page.locator("#pc-conversation .pc-card")
    card.locator("footer").wait_for()
    assert page.locator("#pc-conversation .pc-question").text_content() == as_typed(question).strip()
    told = list(map(last_part, sources)) + list(map(plain_name, publishers))
    assert page.locator("#pc-conversation .pc-scope").text_content() == f"Asked of: {', '.join(told)}"
    answer = json.loads(saved(page, ENGLISH.as_bundle).read_text("utf-8"))["answers"][0]
    assert as_typed(answer["question"]) == as_typed(question).strip()
    cited = answer["citations"]
    assert sorted(one["source"] for one in cited) == sorted(sources)
    assert texts_of(card, ".pc-answer > span") == [folded(claim["text"]) for claim in answer["claims"]]
    assert texts_of(card, ".pc-address bdi") == [plain_name(one["address"]) for one in cited]
    assert texts_of(card, "blockquote") == [folded(one["quote"]) for one in cited]
    quotes = {one["source"]: folded(one["quote"]) for one in cited}
    assert quotes == {source(number): folded(as_kept(sentence(number))) for number in numbers}
    for one in cited:
        check_proof(page, one, sources.index(one["source"]) + numbers[0])
    check_scores(page, cited)
    check_saved(watched, answer)


def check_proof(page: "Page", citation: dict[str, Any], number: int) -> None:
    """Open a citation: what it quotes, and what is known of its document, is there as text."""
    key = f"0-citation-{citation['number']}"
    page.locator(f'#pc-conversation .pc-address[data-open="{key}"]').click()
    panel = page.locator(f'#pc-proof [data-of="{key}"]')
    panel.wait_for()
    assert panel.locator("h2").text_content() == plain_name(citation["address"])
    assert panel.locator("mark").text_content() == as_shown(citation["quote"])
    title = plain_name(f"T{number:02} {TEXTS[number]}")
    assert panel.locator(".pc-about").text_content() == f"{title} · {plain_name(publisher(number))}"
    known = texts_of(panel, "dd")
    assert {title, plain_name(publisher(number)), plain_name(source(number))} <= set(known)


def check_scores(page: "Page", cited: Sequence[dict[str, Any]]) -> None:
    page.get_by_role("tab", name=ENGLISH.scores_tab).click()
    page.locator(".pc-scores table").wait_for()
    shown = zip(texts_of(page, ".pc-scores bdi"), texts_of(page, ".pc-scores .pc-first"), strict=True)
    wanted = {(last_part(one["source"]), folded(one["quote"])[:40]) for one in cited}
    assert {(name, words.removesuffix("…")[:40]) for name, words in shown} == wanted


def check_saved(watched: Watched, answer: dict[str, Any]) -> None:
    """What is saved as a page is text too, when it is opened; as Markdown it has no markup but ours."""
    markdown = saved(watched.page, ENGLISH.as_markdown).read_text("utf-8")
    rendered = MarkdownIt("commonmark", {"html": True}).render(markdown)
    ours = "h1 h2 p ol ul li blockquote em br".split()
    assert set(re.findall(r"<(\w+)", rendered)) <= set(ours)
    file = saved(watched.page, ENGLISH.as_page)
    copy = file.with_name("saved.html")
    copy.write_bytes(file.read_bytes())
    opened = Watched(watched.page.context.new_page(), watched.url)
    opened.page.goto(copy.as_uri())
    used = opened.page.evaluate("[...document.body.querySelectorAll('*')].map(one => one.localName)")
    assert set(used) <= set("main h1 h2 section p span a ol ul li blockquote bdi footer".split())
    assert opened.page.evaluate("window.__owned") is None
    assert texts_of(opened.page, "h2") == [as_stored(answer["question"])]
    assert texts_of(opened.page, "blockquote") == [as_stored(one["quote"]) for one in answer["citations"]]
    assert texts_of(opened.page, ".claim") == [as_stored(one["text"]) for one in answer["claims"]]
    assert (opened.asked, opened.failed) == ([copy.as_uri()], [])
    opened.page.close()


def test_what_is_typed_and_what_a_server_says_is_shown_as_text(watched: Watched, llm: Server) -> None:
    page = watched.go()
    asked: list[str] = []
    fault = json.dumps({"error": {"message": STRINGS["SVG style"]}})
    for number, text in enumerate(portions()):
        llm.replies[:] = [obedient] * 3 if number else [Reply(status=500, body=fault)] * 9
        asked.append(as_typed(f"{number} {text}").strip())
        card = ask(page, asked[-1])
        assert texts_of(page, "#pc-conversation .pc-question") == asked
        note = f"Searched for: Kestrel? {folded(TEXTS[number])}" if number else STRINGS["SVG style"]
        assert note in texts_of(card, ".pc-note")[-1]
    page.get_by_role("button", name=ENGLISH.again).click()
    from playwright.sync_api import expect

    expect(page.locator("#pc-conversation .pc-question").last).to_have_text(asked[-1], use_inner_text=False)


def portions() -> list[str]:
    """Return all strings in portions that fit the field for questions."""
    found = [""]
    for text in TEXTS:
        if len(found[-1]) + len(text) > 1800:
            found.append("")
        found[-1] += f"{text} / "
    return found


@pytest.mark.parametrize(
    "name", ["translation", "translation, bare", "template literal", "name of a translation"]
)
def test_a_question_is_asked_as_the_link_or_the_example_has_it(
    name: str, watched: Watched, llm: Server
) -> None:
    from playwright.sync_api import expect

    text = STRINGS[name]
    llm.replies[:] = [obedient] * 4
    page = watched.go(q=text, **{"from": text})
    expect(page.locator("#pc-conversation .pc-question")).to_have_text([text])
    assert page.locator("#pc-conversation .pc-scope").text_content() == f"Asked of: from {text}"
    assert page.locator("#pc-conversation .pc-problem").text_content() == (
        f"{text!r} is no date: write 2025, 2025-08, 2025-08-14 or 2025-08-14T10:10"
    )
    page.get_by_role("button", name=ENGLISH.again).click()
    expect(page.locator("#pc-pending .pc-turn")).to_have_count(0)
    expect(page.locator("#pc-conversation .pc-question")).to_have_text([text])


def test_names_that_can_be_chosen_are_text_and_so_is_one_that_is_gone(
    watched: Watched, llm: Server, hostile_site: Site
) -> None:
    from playwright.sync_api import expect

    gone = "98 <img src=x onerror=__owned=98>.txt"
    hostile_site.corpus.add_text("Nothing.", source=gone, metadata={"publisher": f"P{gone}"})
    documents = hostile_site.corpus.documents()
    sources = sorted(one.source for one in documents)
    publishers = sorted({str(one.metadata["publisher"]) for one in documents if "publisher" in one.metadata})
    page = watched.go()
    choosing = page.locator("#pc-choosing > button")
    choosing.click()
    for part, names in (("#pc-sources", sources), ("#pc-publishers", publishers)):
        page.locator(f"{part} input").click()
        options = page.locator(f"{part} [role=option], body > * [role=option]")
        expect(options).to_have_count(len(names))
        shown = [text.strip().removeprefix("✓").strip() for text in options.all_text_contents()]
        assert shown == [untranslated(plain_name(name)).strip() for name in names]
        chosen = [names[10], f"P{gone}" if part == "#pc-publishers" else gone]
        for name in chosen:
            options.nth(names.index(name)).click()
        page.keyboard.press("Escape")
        assert [one.strip() for one in texts_of(page, f"{part} .token > span")] == list(
            map(plain_name, chosen)
        )
    hostile_site.corpus.remove(gone)
    choosing.click()
    choosing.click()
    expect(page.locator("#pc-choosing .token")).to_have_count(4)
    llm.replies[:] = [obedient] * 4
    ask(page, "What does the kestrel carry?")
    expect(page.locator("#pc-conversation .pc-scope")).to_have_text(
        "Asked of: " + ", ".join(plain_name(name) for name in (sources[10], gone, publishers[10], f"P{gone}"))
    )
    expect(page.locator(".toast-body")).to_have_count(0)


def test_the_map_and_the_figures_show_names_and_words_as_text(
    watched: Watched, llm: Server, hostile_site: Site
) -> None:
    llm.replies[:] = [obedient] * 4
    page = watched.go(q="Which ring?", source=[source(number) for number in range(PASSAGES)])
    page.locator("#pc-conversation .pc-card footer").wait_for()
    page.get_by_role("tab", name=ENGLISH.corpus_tab).click()
    page.locator(".pc-map-hits").wait_for()
    names = {last_part(one.source) for one in hostile_site.corpus.documents()}
    tips = page.evaluate(ALL_TIPS)
    assert {re.sub(r"^\d · ", "", title) for title, _ in tips} == names
    beginnings = {folded(as_kept(sentence(number)))[:40] for number in range(len(TEXTS))}
    assert beginnings <= {as_shown(words).removesuffix("…")[:40] for _, words in tips}
    assert set(texts_of(page, ".pc-map-name bdi")) <= {*names, *texts_of(page, ".pc-map-name bdi")[-1:]}
    assert set(texts_of(page, ".pc-map-hits bdi")) <= names
    assert len(texts_of(page, ".pc-map-hits bdi")) == PASSAGES
    page.locator(".pc-stats").wait_for()
    assert set(texts_of(page, ".pc-wide bdi")) <= names


ALL_TIPS = """() => {
  const box = document.querySelector(".pc-map-box");
  const press = (key) => box.dispatchEvent(new KeyboardEvent("keydown", { key }));
  for (let count = 0; count < 1000; count++) press("PageUp");
  const found = [];
  for (let count = 0; count < 400; count++) {
    const [title, words] = box.querySelector(".pc-map-tip").children;
    found.push([title.textContent, words.textContent]);
    press("PageDown");
  }
  return found;
}"""


def test_files_of_any_name_are_taken_listed_and_removed_as_text(watched: Watched, hostile_site: Site) -> None:
    from playwright.sync_api import expect

    corpus, page = hostile_site.corpus, watched.go()
    hostile = "<svg><script>__owned=97</script>\u202efdp.txt"
    corpus.add_text("Nothing.", source=hostile, metadata={"title": hostile})
    open_documents(page)
    files = [
        {
            "name": re.sub("[/\0]", "", text)[:60] + f"-{number}.txt",
            "mimeType": "text/plain",
            "buffer": f"Plover {number}.".encode(),
        }
        for number, text in enumerate(TEXTS)
    ]
    page.locator("#pc-drop input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    rows = page.locator("#pc-receipts tbody tr")
    expect(rows.locator("td:nth-child(2)")).to_have_text(["added"] * len(files), timeout=60_000)
    documents = corpus.documents()
    uploaded = [last_part(one.source) for one in documents if "/uploads/" in one.source]
    assert sorted(texts_of(rows, "td:first-child bdi")) == sorted(uploaded)
    listed = page.locator("#pc-list tbody tr")
    expect(listed).to_have_count(len(documents))
    assert sorted(texts_of(listed, "span bdi")) == sorted(last_part(one.source) for one in documents)
    titles = {plain_name(str(one.metadata["title"])) for one in documents if "title" in one.metadata}
    assert titles <= set(texts_of(listed, ".pc-title bdi"))
    name = last_part(hostile)
    button = page.get_by_role("button", name=f"Remove {name}", exact=True)
    assert button.get_attribute("data-remove") == hostile
    button.click()
    page.locator("#pc-list [data-asked]").click()
    expect(rows.locator("td")).to_have_text([name, "removed", ""])
    expect(listed).to_have_count(len(documents) - 1)


def test_a_file_that_is_refused_is_named_and_nothing_in_its_name_is_obeyed(watched: Watched) -> None:
    """Gradio itself refuses what is dropped, and takes the name for HTML without scripts: a picture may come
    of it, asked for of this server. It is the name of the person's own file.
    """
    from playwright.sync_api import expect

    page = watched.go()
    open_documents(page)
    endings = ("exe", '__i18n__{"key":"ask"}', "<img src=x onerror=__owned=99>")
    for number, ending in enumerate(endings):
        file = {"name": f"notes.{ending}", "mimeType": "text/plain", "buffer": b"x"}
        page.locator("#pc-drop input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        message = page.locator(".toast-message-text").nth(number)
        message.wait_for()
        assert "Invalid file type: notes." in (message.text_content() or "")
    expect(page.locator(".toast-message-text")).to_have_count(0, timeout=30_000)
    assert all("404" in line for line in watched.failed)
    watched.failed.clear()
