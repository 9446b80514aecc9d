"""What the browser tests share: the page that is served, and how a person uses it."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pincite.index.corpus import Corpus

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page

HOSTILE = (
    "The quetzal costs <img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    " **12** ${40+2} {{value}} $x^2$ [red] coins"
)


LEFT = ("AbortError", "Unexpected error Connection errored out.")


@dataclass(frozen=True)
class Site:
    """A page that is being served, its corpus as the tests see it, and the server's journal and input."""

    url: str
    corpus: Corpus
    journal: Path
    standard_input: IO[str]

    def let_go(self) -> None:
        """Let the question ``!wait`` be answered."""
        self.standard_input.write("go\n")
        self.standard_input.flush()

    def wait_for(self, kind: str, count: int) -> None:
        """Wait until the server has noted ``count`` events of one kind; ten seconds at most."""
        end = time.monotonic() + 10
        while len(self.entries(kind)) < count:
            assert time.monotonic() < end, f"fewer than {count} of {kind}"
            time.sleep(0.02)

    def entries(self, kind: str) -> list[str]:
        """Return what the server noted of one kind: ``connect``, ``asked``."""
        lines = [line.split(" ", 1) for line in self.journal.read_text("utf-8").splitlines()]
        return [line[1] for line in lines if line[0] == kind]


def is_complaint(line: "ConsoleMessage") -> bool:
    """Whether the console has an error. That streams end with the page that is left is none."""
    return line.type == "error" and not line.text.startswith(LEFT)


def ask(page: "Page", question: str) -> "Locator":
    """Ask, wait for what comes of it, and return its card."""
    from playwright.sync_api import expect

    turns = page.locator("#pc-conversation .pc-turn")
    count = turns.count()
    box = page.get_by_role("textbox", name="Question")
    box.fill(question)
    box.press("Enter")
    expect(turns).to_have_count(count + 1, timeout=60_000)
    expect(page.locator(".pc-busy")).to_have_count(0)
    return turns.nth(count).locator(".pc-card")


def open_documents(page: "Page") -> None:
    page.get_by_role("tab", name="Documents").click()
    page.locator("#pc-list").wait_for()


def upload(page: "Page", *files: Path) -> None:
    from playwright.sync_api import expect

    open_documents(page)
    page.locator("#pc-drop input[type=file]").set_input_files(list(files))
    expect(page.locator("#pc-receipts tbody tr")).to_have_count(len(files), timeout=60_000)
