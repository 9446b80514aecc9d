"""Two people, or two tabs of one, at the same page in a real browser: what one asks the other never sees."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from pincite.index.errors import DocumentNotFound
from tests.samples import BANK
from tests.ui.browsing import Site, ask, open_documents

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

FOUNDER = "Who founded the observatory?"
LISTEN = """async session => {
  const answer = await fetch(`/gradio_api/queue/data?session_hash=${session}`);
  return [answer.status, await answer.text()];
}"""
Visit = Callable[[], "Page"]


@pytest.fixture
def visit(site: Site, browser: "Browser") -> Iterator[Visit]:
    """Opens the page as a visitor who was not there before."""
    contexts: list[BrowserContext] = []

    def visited() -> "Page":
        contexts.append(browser.new_context())
        return opened(contexts[-1], site)

    yield visited
    for context in contexts:
        context.close()


def opened(context: "BrowserContext", site: Site) -> "Page":
    page = context.new_page()
    page.goto(site.url)
    page.get_by_role("textbox", name="Question").wait_for()
    return page


def begin(page: "Page", question: str) -> None:
    box = page.get_by_role("textbox", name="Question")
    box.fill(question)
    box.press("Enter")


@pytest.mark.parametrize("who", ["two visitors", "two tabs"])
def test_what_one_asks_the_other_never_sees(site: Site, visit: Visit, who: str) -> None:
    from playwright.sync_api import expect

    first = visit()
    second = visit() if who == "two visitors" else opened(first.context, site)
    asked = len(site.entries("asked"))
    begin(first, "!wait")
    site.wait_for("asked", asked + 1)
    ask(second, FOUNDER)
    expect(first.locator("#pc-pending .pc-busy")).to_be_visible()
    site.let_go()
    expect(first.locator("#pc-conversation .pc-turn")).to_have_count(1)
    ask(first, BANK)
    expect(second.locator("#pc-conversation .pc-question")).to_have_text([FOUNDER])
    expect(first.locator("#pc-conversation .pc-question")).to_have_text(["!wait", BANK])
    for note in ask(second, "and how many tools?").locator(".pc-note").all_text_contents():
        assert "bank" not in note.lower()


def test_another_visitor_cannot_listen_to_a_session_whose_hash_is_known(site: Site, visit: Visit) -> None:
    first, second = visit(), visit()
    with first.expect_request("**/queue/join*") as joined:
        ask(first, BANK)
    session = json.loads(joined.value.post_data or "")["session_hash"]
    assert second.evaluate(LISTEN, session)[0] == 403
    assert "OCBC" not in second.evaluate(LISTEN, session)[1]


def test_a_reload_begins_an_empty_conversation(site: Site, visit: Visit) -> None:
    from playwright.sync_api import expect

    page = visit()
    ask(page, BANK)
    page.reload()
    page.locator(".pc-welcome").wait_for()
    expect(page.locator(".pc-turn")).to_have_count(0)
    expect(page.get_by_text("OCBC Bank has")).to_have_count(0)
    ask(page, FOUNDER)
    expect(page.locator("#pc-conversation .pc-question")).to_have_text([FOUNDER])
    expect(page.get_by_text("Searched for:")).to_have_count(0)


def test_one_adds_a_document_while_the_other_asks_and_removes_what_the_other_cites(
    site: Site, visit: Visit
) -> None:
    from playwright.sync_api import expect

    first, second = visit(), visit()
    asked = len(site.entries("asked"))
    begin(first, "!wait")
    site.wait_for("asked", asked + 1)
    open_documents(second)
    file = {
        "name": "windpump.txt",
        "mimeType": "text/plain",
        "buffer": b"The windpump of Orrin has nine sails.",
    }
    second.locator("#pc-drop input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    expect(second.locator("#pc-receipts tr", has_text="windpump.txt")).to_contain_text("added")
    site.let_go()
    expect(first.locator("#pc-conversation .pc-turn")).to_have_count(1)
    card = ask(first, "How many sails does the windpump of Orrin have?")
    expect(card.locator(".pc-address").first).to_contain_text("windpump.txt")
    button = second.get_by_role("button", name="Remove windpump.txt")
    button.click()
    button.click()
    expect(second.locator("#pc-receipts tr", has_text="windpump.txt")).to_contain_text("removed")
    ask(first, FOUNDER)
    card.get_by_role("button", name="[1]").click()
    gone = first.locator("#pc-proof .pc-problem")
    expect(gone).to_be_visible()
    with pytest.raises(DocumentNotFound):
        site.corpus.find("windpump.txt")
    assert "\n" not in gone.inner_text()
    expect(ask(first, BANK).locator(".pc-answer")).to_contain_text("OCBC Bank")
