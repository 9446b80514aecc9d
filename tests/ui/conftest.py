"""A served page and a real browser, for the tests that look at it."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from tests.conftest import SEEDS
from tests.ui.browsing import HOSTILE, Site, is_complaint

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync"


@pytest.fixture(scope="session")
def site(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "quetzal.txt").write_text(f"Group 1 - {HOSTILE} [7] - Nothing else is for sale [8]\n", "utf-8")
    with Corpus.open(folder / "corpus", encoder=encoder) as corpus:
        corpus.add(SEEDS, folder / "quetzal.txt", exclude=["README.md"])
        with served(corpus, folder) as site:
            yield site


@pytest.fixture(scope="session")
def locked_site(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A page for others, who log in as anna."""
    folder = tmp_path_factory.mktemp("locked")
    with Corpus.open(folder / "corpus", encoder=encoder) as corpus:
        corpus.add(SEEDS, exclude=["README.md"])
        with served(corpus, folder, "0.0.0.0", "anna:pass:word") as site:
            yield site


@contextmanager
def served(corpus: Corpus, folder: Path, *options: str) -> Iterator[Site]:
    """Serve the page from a process of its own, until the end."""
    journal, errors = folder / "journal.txt", folder / "errors.txt"
    with errors.open("wb") as standard_error:
        server = subprocess.Popen(
            [sys.executable, HERE / "page_server.py", corpus.location, journal, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=standard_error,
            text=True,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        with server:
            url = server.stdout.readline().strip()
            assert url, errors.read_text("utf-8")
            yield Site(url, corpus, journal, server.stdin)
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)
        assert server.returncode == 130


def chromium() -> str | None:
    """Return where Chromium is, if it is installed."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    api = pytest.importorskip("playwright.sync_api", reason="the page's tests need playwright")
    program = chromium()
    if program is None:
        pytest.skip(f"the page's tests need one of {', '.join(CHROMIUM)} on the PATH")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def page(site: Site, browser: "Browser") -> "Iterator[Page]":
    """A fresh session of the page. Afterwards: nothing was asked of another host, nothing complained."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("console", lambda line: failed.append(line.text) if is_complaint(line) else None)
    page.goto(site.url)
    page.get_by_role("textbox", name="Question").wait_for()
    yield page
    context.close()
    here = urlsplit(site.url).netloc
    elsewhere = {url for url in asked if urlsplit(url).scheme not in ("data", "blob")}
    assert {urlsplit(url).netloc for url in elsewhere} == {here}
    assert failed == []
