"""What is looked at and kept, on the page in a real browser: examples, scores, the map, saved files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pincite
from pincite.suggesting import example_questions
from pincite.ui.words import ENGLISH
from tests.samples import BANK, UNANSWERABLE
from tests.ui.browsing import Site, ask

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_example_questions_are_shown_and_answered_by_a_click(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    examples = page.locator(".pc-example")
    expect(examples.first).to_be_visible(timeout=30_000)
    assert set(examples.all_inner_texts()) == set(example_questions(site.corpus))
    question = examples.first.inner_text()
    examples.first.click()
    expect(page.get_by_role("textbox", name=ENGLISH.question)).to_be_focused()
    card = page.locator("#pc-conversation .pc-card")
    expect(card.locator(".pc-citation").first).to_be_visible(timeout=30_000)
    expect(page.locator("#pc-conversation .pc-question")).to_have_text(question)
    expect(page.locator("#pc-suggestions")).to_be_hidden()
    page.get_by_role("button", name=ENGLISH.new).click()
    expect(examples.first).to_be_visible()


def test_the_scores_of_the_passages_are_shown_for_the_last_question(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    page.get_by_role("tab", name=ENGLISH.scores_tab).click()
    expect(page.locator("#pc-scores")).to_contain_text(ENGLISH.no_scores)
    ask(page, BANK)
    answer = pincite.ask(BANK, site.corpus)
    rows = page.locator("#pc-scores tbody tr")
    expect(rows).to_have_count(len(answer.passages))
    assert answer.passages[0].dense_score is not None
    expect(rows.first).to_contain_text(f"{answer.passages[0].dense_score:.2f}")
    expect(rows.first).to_contain_text("cited [1]")
    ask(page, "Who founded the observatory?")
    expect(rows.first).to_contain_text("observatory-visit.pdf")
    rows.nth(1).get_by_role("button").first.click()
    expect(page.get_by_role("tab", name=ENGLISH.proof)).to_have_attribute("aria-selected", "true")
    address = pincite.ask("Who founded the observatory?", site.corpus).passages[1].passage.address
    expect(page.locator("#pc-proof h2")).to_have_text(address)


@pytest.mark.parametrize("width", [360, 800])
def test_each_tab_is_as_wide_as_the_conversation_on_a_narrow_page(page: "Page", width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    ask(page, BANK)
    for name in (ENGLISH.proof, ENGLISH.scores_tab, ENGLISH.corpus_tab, ENGLISH.documents):
        page.get_by_role("tab", name=name, exact=True).click()
        page.get_by_role("tabpanel").filter(visible=True).wait_for()
        left, right = (page.locator(column).bounding_box() for column in ("#pc-left", "#pc-right"))
        assert left is not None
        assert right is not None
        assert (left["x"], left["width"]) == (right["x"], right["width"])


def test_the_map_shows_the_corpus_and_opens_passages(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    page.get_by_role("tab", name=ENGLISH.corpus_tab).click()
    box = page.get_by_role("application", name=ENGLISH.map)
    expect(box).to_be_visible()
    expect(page.locator(".pc-map-hit")).to_have_count(len(pincite.ask(BANK, site.corpus).passages))
    expect(page.locator("#pc-figures")).to_contain_text(ENGLISH.statistics)
    expect(page.locator("#pc-figures")).to_contain_text(f"{site.corpus.stats().characters:,}")
    box.focus()
    page.keyboard.press("2")
    here = page.locator(".pc-map-here")
    expect(here).not_to_be_empty()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name=ENGLISH.proof)).to_have_attribute("aria-selected", "true")
    hits = pincite.ask(BANK, site.corpus).passages
    expect(page.locator("#pc-proof h2")).to_have_text(hits[1].passage.address)
    shown = page.locator("#pc-proof .pc-passage").text_content() or ""
    passage = hits[1].passage
    assert shown == site.corpus.text(passage.document_id)[passage.start : passage.end]


def saved(page: "Page", button: str, folder: Path, *, whole: bool) -> Path:
    """Save the conversation, or its last answer, and return the file that the browser got."""
    menu = page.locator("#pc-name .pc-menu") if whole else page.locator("#pc-conversation .pc-menu").last
    menu.locator("summary").click()
    with page.expect_download() as download:
        menu.get_by_role("button", name=button).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


@pytest.mark.parametrize("whole", [True, False])
def test_a_conversation_and_an_answer_are_saved_with_their_evidence(
    site: Site, page: "Page", tmp_path: Path, whole: bool
) -> None:
    ask(page, UNANSWERABLE)
    ask(page, BANK)
    questions = [UNANSWERABLE, BANK] if whole else [BANK]
    markdown = saved(page, ENGLISH.as_markdown, tmp_path, whole=whole)
    assert markdown.suffix == ".md"
    assert all(f"## {question}"[:20] in markdown.read_text("utf-8") for question in questions)
    html = saved(page, ENGLISH.as_page, tmp_path, whole=whole)
    assert html.suffix == ".html"
    assert html.read_text("utf-8").count("<section") == len(questions)
    for _ in range(2):  # the second time, what is saved is the same
        file = saved(page, ENGLISH.as_bundle, tmp_path, whole=whole)
        assert [one["question"] for one in json.loads(file.read_text("utf-8"))["answers"]] == questions
    report = pincite.verify_bundle(pincite.Bundle.read(file), site.corpus)
    assert (report.findings, report.citations) == ((), 1)


def test_what_cannot_be_proved_any_more_is_not_saved(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    site.corpus.add_text("The Wragby ferry sails on Mondays.", source="ferry.txt")
    ask(page, "When does the Wragby ferry sail?")
    ask(page, BANK)
    site.corpus.remove("ferry.txt")
    menu = page.locator("#pc-name .pc-menu")
    menu.locator("summary").click()
    menu.get_by_role("button", name=ENGLISH.as_bundle).click()
    expect(page.get_by_role("alert")).to_contain_text("ferry.txt")
    page.locator("#pc-conversation .pc-address").first.click()
    expect(page.locator("#pc-proof")).to_contain_text("This document has changed since")
