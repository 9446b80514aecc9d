"""The chat page in a real browser, over the sample documents: what a person sees, and that nothing leaves."""

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.index.locking import writing
from pincite.ui import chat
from pincite.ui.words import ENGLISH
from tests.fakes import FakeEncoder
from tests.samples import BANK, SAMPLES, Sample
from tests.ui.browsing import HOSTILE, Site, ask, open_documents, upload

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.group)
def test_the_sample_questions_are_answered_on_the_page(page: "Page", sample: Sample) -> None:
    from playwright.sync_api import expect

    card = ask(page, sample.question)
    expect(card).to_contain_text(sample.wanted)
    expect(card.locator(".pc-address")).to_contain_text(f"open-source-ai-race.txt › {sample.group}")
    expect(page.locator("#pc-proof mark")).to_contain_text(sample.wanted)


def test_an_answer_shows_its_citation_and_opens_its_proof(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    card = ask(page, BANK)
    expect(card.locator(".pc-answer")).to_contain_text("OCBC Bank")
    expect(card.get_by_role("button", name="[1]")).to_be_visible()
    expect(card.locator(".pc-address")).to_have_text("1open-source-ai-race.txt › Group 2 › point 3")
    expect(card.get_by_text("source ref. 3", exact=True)).to_be_visible()
    expect(card.locator(".pc-confidence")).to_contain_text("Confidence: ")
    quote = card.locator("blockquote").text_content() or "none"
    panel = page.locator("#pc-proof")
    expect(panel.locator("mark")).to_be_in_viewport()
    assert panel.locator("mark").text_content() == quote
    assert quote in site.corpus.text(site.corpus.find("open-source-ai-race.txt"))
    expect(panel.locator("h2")).to_have_text("open-source-ai-race.txt › Group 2 › point 3")
    expect(panel.locator(".pc-about")).to_contain_text("3 6 Ke · 2025-08-14 10:10")
    expect(panel.locator(".pc-around").first).to_contain_text("Group 1 - China's rapid development")


def test_a_click_on_a_citation_shows_its_words_in_the_document(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    first = ask(page, BANK)
    second = ask(page, "Who founded the observatory?")
    mark = page.locator("#pc-proof mark")
    expect(page.locator("#pc-proof h2")).to_contain_text("observatory-visit.pdf › p. 2")
    words = mark.text_content() or ""
    assert words in site.corpus.text(site.corpus.find("observatory-visit.pdf"))
    assert " ".join(words.split()) == second.locator("blockquote").first.text_content()
    first.get_by_role("button", name="[1]").click()
    expect(page.locator("#pc-proof h2")).to_contain_text("Group 2 › point 3")
    expect(mark).to_be_in_viewport()
    assert mark.text_content() == first.locator("blockquote").text_content()
    second.locator(".pc-citation").first.click()
    expect(page.locator("#pc-proof h2")).to_contain_text("observatory-visit.pdf")


def test_what_the_documents_do_not_say_is_not_answered(page: "Page") -> None:
    from playwright.sync_api import expect

    card = ask(page, "Who publishes the Financial Times?")
    expect(card.get_by_role("heading", name="Not answered by these documents")).to_be_visible()
    expect(page.locator("#pc-proof .pc-empty")).to_be_visible()
    nearest = card.locator(".pc-address").first
    address = nearest.text_content() or ""
    beginning = (card.locator("blockquote").first.text_content() or "").removesuffix(" …")
    nearest.click()
    expect(page.locator("#pc-proof h2")).to_have_text(address)
    passage = page.locator("#pc-proof .pc-passage").text_content() or ""
    assert " ".join(passage.split()).startswith(beginning)
    expect(page.locator("#pc-proof mark")).to_have_count(0)


def test_the_conversation_stays_visible(page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    ask(page, "合作社是哪一年成立的?")
    questions = page.locator(".pc-question")
    expect(questions).to_have_text([BANK, "合作社是哪一年成立的?"])
    expect(page.locator(".pc-turn").last.locator("blockquote").first).to_contain_text("2009年")


def test_citations_open_from_the_keyboard(page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    ask(page, "Who publishes the Financial Times?")
    expect(page.locator("#pc-proof .pc-empty")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.locator(".pc-mark:focus").count():
            break
    page.keyboard.press("Enter")
    expect(page.locator("#pc-proof mark")).to_contain_text("OCBC Bank")
    expect(page.locator(".pc-mark")).to_be_focused()


def test_an_empty_question_gets_a_hint_and_is_not_asked(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    asked = site.entries("asked")
    page.get_by_role("textbox", name="Question").fill("   ")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text(ENGLISH.empty_question)).to_be_visible()
    expect(page.locator(".pc-turn")).to_have_count(1)
    expect(page.locator("#pc-proof mark")).to_be_visible()
    assert site.entries("asked") == asked


def test_the_page_is_busy_and_usable_while_a_question_is_answered(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    ask(page, "Who publishes the Financial Times?")
    box = page.get_by_role("textbox", name="Question")
    box.fill("!wait")
    box.press("Enter")
    try:
        expect(page.locator(".pc-busy > span")).to_have_css("border-top-width", "2px")
        expect(box).to_have_value("")
        page.locator(".pc-mark").click()
        expect(page.locator("#pc-proof mark")).to_contain_text("OCBC Bank")
        expect(page.locator(".pc-busy")).to_be_visible()
    finally:
        site.let_go()
    expect(page.locator(".pc-busy")).to_have_count(0)
    expect(page.locator(".pc-turn")).to_have_count(3)


def test_an_upload_can_be_asked_about(site: Site, page: "Page", tmp_path: Path) -> None:
    from playwright.sync_api import expect

    file = tmp_path / "zeppelin.txt"
    file.write_text("The zeppelin of Wragby is moored in Shed 4 until the end of May.\n")
    upload(page, file)
    expect(page.locator("#pc-receipts tr", has_text="zeppelin.txt")).to_contain_text("added")
    expect(page.locator("#pc-list tr", has_text="zeppelin.txt")).to_be_visible()
    kept = site.corpus.location / "uploads" / "zeppelin.txt"
    assert kept.read_bytes() == file.read_bytes()
    card = ask(page, "Where is the zeppelin of Wragby moored?")
    expect(card.locator(".pc-address").first).to_contain_text("zeppelin.txt")
    expect(page.locator("#pc-proof mark")).to_contain_text("Shed 4")


def test_files_can_be_dropped_on_the_page(page: "Page") -> None:
    from playwright.sync_api import expect

    open_documents(page)
    dropped = page.evaluate_handle(
        "() => { const data = new DataTransfer();"
        " data.items.add(new File(['The dropped gondola is green.'], 'gondola.txt'));"
        " data.items.add(new File(['MZ'], 'tool.exe'));"
        " data.items.add(new File(['Nobody rows it.'], 'rowing.md')); return data; }"
    )
    page.locator("#pc-drop button").first.dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.get_by_text("Invalid file type: tool.exe")).to_be_visible()
    for name in ("gondola.txt", "rowing.md"):
        expect(page.locator("#pc-receipts tr", has_text=name)).to_contain_text("added", timeout=30_000)


def test_a_file_that_cannot_be_read_says_why(site: Site, page: "Page", tmp_path: Path) -> None:
    from playwright.sync_api import expect

    file = tmp_path / "photo.txt"
    file.write_bytes(bytes(range(256)) * 8)
    upload(page, file)
    row = page.locator("#pc-receipts tr", has_text="photo.txt")
    expect(row).to_contain_text("failed")
    expect(row.locator(".pc-reason")).to_contain_text("binary data")
    assert not (site.corpus.location / "uploads" / "photo.txt").exists()


def test_a_locked_corpus_is_one_clear_line(site: Site, page: "Page", tmp_path: Path) -> None:
    from playwright.sync_api import expect

    file = tmp_path / "later.txt"
    file.write_text("Not now.")
    with writing(site.corpus.location):
        upload(page, file)
        expect(page.locator("#pc-receipts .pc-reason")).to_contain_text("is writing to")
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_text_of_documents_and_people_stays_text(page: "Page") -> None:
    from playwright.sync_api import expect

    card = ask(page, "How much does the quetzal cost? <img src=x onerror=\"document.title='owned'\">")
    expect(page.locator(".pc-question")).to_contain_text("<img src=x onerror=")
    expect(card.locator("blockquote").first).to_have_text(HOSTILE)
    expect(page.locator("#pc-proof mark")).to_have_text(HOSTILE)
    expect(page.locator("#pc-desk :is(img, script)")).to_have_count(0)
    assert page.title() == "pincite"


@pytest.mark.parametrize(
    ("question", "line"), [("!damaged", "it is <b>torn</b>"), ("!wrong", "it is <b>wrong</b>")]
)
def test_a_foreseen_problem_is_one_line(question: str, line: str, page: "Page") -> None:
    from playwright.sync_api import expect

    expect(ask(page, question)).to_have_text(line)
    expect(ask(page, BANK).locator(".pc-answer")).to_contain_text("OCBC Bank")


def test_an_unforeseen_problem_leaves_the_page_usable(page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    box = page.get_by_role("textbox", name="Question")
    box.fill("!broken")
    box.press("Enter")
    expect(page.get_by_text(ENGLISH.unexpected)).to_be_visible()
    expect(page.locator(".pc-turn")).to_have_count(1)
    expect(page.get_by_text("secret detail")).to_have_count(0)
    expect(box).to_have_value("!broken")
    expect(ask(page, BANK).locator(".pc-answer")).to_contain_text("OCBC Bank")


def test_a_narrow_page_stacks_and_leads_to_the_proof_and_back(page: "Page") -> None:
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 360, "height": 740})
    card = ask(page, BANK)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    expect(page.locator("#pc-proof mark")).not_to_be_in_viewport()
    card.get_by_role("button", name="[1]").click()
    expect(page.locator("#pc-proof mark")).to_be_in_viewport()
    page.get_by_role("button", name="Back to the answer").click()
    expect(card.get_by_role("button", name="[1]")).to_be_in_viewport()


def test_the_server_connects_to_nothing_but_itself(site: Site, page: "Page") -> None:
    ask(page, BANK)
    assert "127.0.0.1" in site.entries("connect")
    assert set(site.entries("connect")) <= {"127.0.0.1", "localhost", "b'127.0.0.1'"}


def test_the_page_answers_to_its_own_name_only_and_loads_nothing_from_elsewhere(site: Site) -> None:
    with urllib.request.urlopen(site.url) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self' data: blob:")
        assert "googleapis" not in response.read().decode()
    request = urllib.request.Request(site.url, headers={"Host": "rebound.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request)


def test_a_port_that_is_taken_is_one_clear_line(site: Site) -> None:
    port = str(urlsplit(site.url).port)
    command = [sys.executable, "-m", "pincite", "ui", "--corpus", str(site.corpus.location), "--port", port]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert f"cannot serve the page at 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "a" * 70])
@pytest.mark.parametrize("port", [0, 7860])
def test_a_host_that_is_not_this_machines_is_not_blamed_on_the_port(
    tmp_path: Path, host: str, port: int
) -> None:
    with (
        Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus,
        pytest.raises(PinciteError, match=rf"the page at {host}: .*: give --host an address of this machine"),
    ):
        chat.serve(corpus, host=host, port=port)


def test_importing_the_page_does_not_import_gradio() -> None:
    code = "import sys, pincite.ui.chat; sys.exit('gradio' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
