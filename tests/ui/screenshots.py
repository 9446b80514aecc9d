"""Takes the README's pictures of the page, from seeds/: run ``make screenshots`` after the page has changed.

    python -m tests.ui.screenshots CORPUS FOLDER

CORPUS has seeds/ in it; FOLDER gets the pictures.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pincite.ui.words import ENGLISH
from tests.samples import BANK, UNANSWERABLE
from tests.ui.browsing import ask

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SETTLING_MILLISECONDS = 800
QUESTION = "Who founded the observatory?"


@dataclass(frozen=True)
class Picture:
    """One picture: what is done on the page before it is taken."""

    name: str
    pose: "Callable[[Page], None]"
    width: int = 1280
    height: int = 800
    scheme: Literal["light", "dark"] = "light"
    is_whole: bool = False


def answered(page: "Page") -> None:
    ask(page, BANK)


def not_answered(page: "Page") -> None:
    ask(page, UNANSWERABLE)
    page.locator("#pc-conversation .pc-address").first.click()


def drawn(page: "Page") -> None:
    ask(page, QUESTION)
    page.get_by_role("button", name=ENGLISH.as_drawn, exact=True).click()
    page.get_by_role("img", name=ENGLISH.page_image).wait_for()


def scored(page: "Page") -> None:
    ask(page, BANK)
    page.get_by_role("tab", name=ENGLISH.scores_tab).click()
    page.locator("#pc-scores table").wait_for()


def mapped(page: "Page") -> None:
    ask(page, QUESTION)
    page.get_by_role("tab", name=ENGLISH.corpus_tab).click()
    page.locator(".pc-map-hit").first.wait_for()
    page.locator("#pc-figures dl").first.wait_for()


PICTURES = (
    Picture("page", answered),
    Picture("page-not-answered", not_answered, height=640),
    Picture("page-pdf", drawn),
    Picture("page-scores", scored),
    Picture("page-map-dark", mapped, scheme="dark"),
    Picture("page-phone", answered, width=360, height=740, is_whole=True),
)


def take(browser: "Browser", url: str, picture: Picture, folder: Path) -> None:
    """Take one picture, in a fresh session."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    page.get_by_role("textbox", name=ENGLISH.question).wait_for()
    picture.pose(page)
    page.wait_for_timeout(SETTLING_MILLISECONDS)
    page.screenshot(path=folder / f"{picture.name}.png", full_page=picture.is_whole, animations="disabled")
    context.close()


def main(corpus: str, folder: str) -> None:
    """Serve the corpus, and take all pictures of it."""
    from playwright.sync_api import sync_playwright

    from tests.ui.conftest import QUIET, chromium

    command = [sys.executable, "-m", "pincite", "ui", "--corpus", corpus, "--port", "0"]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stderr is not None
        try:
            url = next(found[0] for line in server.stderr if (found := re.search(r"http://\S+", line)))
            browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET.split())
            for picture in PICTURES:
                take(browser, url, picture, Path(folder))
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
