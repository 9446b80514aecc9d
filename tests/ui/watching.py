"""A page that is watched: what hostile text must never do there."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.ui.rendered import OUR_ATTRIBUTES, OUR_TAGS

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAGS = OUR_TAGS | {"b", "canvas", "caption"}
ATTRIBUTES = OUR_ATTRIBUTES | {
    *("aria-describedby", "aria-label", "data-colour", "data-file", "data-hit", "data-look", "data-made"),
    *("data-map", "data-new", "hidden", "height", "id", "rel", "scope", "width"),
}
FOREIGN = "iframe, object, embed, base, math, meta, form, marquee, video, audio, template, foreignObject"
STRANGE = r"""([tags, attributes, foreign]) => {
  const strange = [];
  const tell = (why, element) => strange.push(`${why}: ${element.outerHTML.slice(0, 300)}`);
  const leads = /^(href|src|action|formaction|xlink:href)$/;
  const inside = /^([?][q]=|data:image[/]png|[/]|[.]|http:[/][/]127[.]0[.]0[.]1)/;
  for (const element of document.querySelectorAll(".html-container *")) {
    if (element.matches(".html-container > div:only-of-type")) continue; // gradio's own
    if (!tags.includes(element.localName)) tell("tag", element);
    for (const { name } of element.attributes) if (!attributes.includes(name)) tell(name, element);
  }
  for (const element of document.body.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on")) tell(name, element);
      if (leads.test(name) && !inside.test(value)) tell(value, element);
    }
    if (element.matches(foreign)) tell("foreign", element);
    if (element.matches("img") && !element.closest(".pc-page")) tell("picture", element);
    if (element.matches(".toast-message-text *")) tell("markup in a message", element);
  }
  if (window.__owned !== undefined) strange.push(`obeyed ${window.__owned}`);
  if (document.title !== "pincite") strange.push(`title ${document.title}`);
  return strange;
}"""
"""Returns what on the page is not ours: in our parts any other element or attribute, elsewhere what loads,
runs or leads away.
"""


@dataclass
class Watched:
    """A page, what it asked for and what it complained of."""

    page: "Page"
    url: str
    asked: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.failed.append(str(error)))
        self.page.on("console", lambda line: self._note(line.type, line.text))
        self.page.on("dialog", lambda dialog: self._close(dialog))
        self.page.on("popup", lambda popup: self.failed.append(popup.url))

    def go(self, **query: Any) -> "Page":
        """Open the page, by a link where there is a query."""
        self.page.goto(f"{self.url}?{urlencode(query, doseq=True)}" if query else self.url)
        self.page.get_by_role("textbox", name="Question").wait_for()
        return self.page

    def check(self) -> None:
        """Nothing was obeyed, nothing left the page, nothing on it is of a foreign kind."""
        assert self.page.evaluate(STRANGE, [sorted(TAGS), sorted(ATTRIBUTES), FOREIGN]) == []
        here = urlsplit(self.url).netloc
        assert [url for url in self.asked if urlsplit(url).netloc not in ("", here)] == []
        assert self.failed == []

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.failed.append(text)

    def _close(self, dialog: Any) -> None:
        self.failed.append(dialog.message)
        dialog.dismiss()
