"""The map in a real browser, in a page of its own: drawn, pointed at, clicked, and used from the keyboard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from pincite.index.corpus_map import CorpusMap, MapPoint, Place
from pincite.ui.corpus_map import corpus_map
from pincite.ui.markup import plain_name
from pincite.ui.words import CHINESE, ENGLISH, Words
from tests.ui.looking import HOSTILE, document, hit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PAGE = """<!doctype html><html lang="en"><head><title>map</title>
<meta name="viewport" content="width=device-width"><style>{css}</style></head>
<body class="{theme}"><main id="mount">{content}</main><script>
{script}
window.opened = [];
let renew = () => {{}};
const mount = document.getElementById("mount");
startMap(mount, (name, data) => window.opened.push(data.open), (name, act) => {{ renew = act; }});
window.replaceMap = (content) => {{ mount.innerHTML = content; renew(); }};
</script></body></html>"""
MARGIN = 22


@dataclass(frozen=True)
class Shown:
    """A page with a map on it, and how a person uses it."""

    page: "Page"

    @property
    def box(self) -> "Locator":
        return self.page.locator(".pc-map-box")

    @property
    def tip(self) -> "Locator":
        return self.page.locator(".pc-map-tip")

    @property
    def opened(self) -> list[str]:
        keys: list[str] = self.page.evaluate("window.opened")
        return keys

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where on the page a place of the whole map is."""
        box = self.box.bounding_box()
        assert box is not None
        return (
            box["x"] + 1 + MARGIN + x * (box["width"] - 2 - 2 * MARGIN),
            box["y"] + 1 + MARGIN + y * (box["height"] - 2 - 2 * MARGIN),
        )

    def colour_at(self, x: float, y: float, canvas: int = 0) -> list[int]:
        """Return red, green, blue and opacity of what is drawn at a place of the whole map."""
        left, top = self.at(x, y)
        found: list[int] = self.page.evaluate(
            """([number, left, top]) => {
                const canvas = document.querySelectorAll("canvas")[number];
                const frame = canvas.getBoundingClientRect();
                const fine = canvas.width / frame.width;
                const at = [(left - frame.left) * fine, (top - frame.top) * fine].map(Math.round);
                return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
            }""",
            [canvas, left, top],
        )
        return found


Show = Callable[..., Shown]


def point(document: int, x: float, y: float, *, start: int = 0, name: str = "", text: str = "") -> MapPoint:
    text = text or f"Words of {document} at {start}."
    return MapPoint(f"d{document}", start, start + 20, name or f"{document}.txt › p. 1", text, Place(x, y))


CORNERS = (
    point(1, 0.0, 0.0),
    point(1, 1.0, 0.0, start=50),
    point(2, 0.0, 1.0),
    point(2, 1.0, 1.0, start=90),
    point(3, 0.5, 0.5),
)
FOUR_CORNERS = CorpusMap(1, 5, CORNERS)
DOCUMENTS = [document(number, f"{number}.txt") for number in (1, 2, 3)]
FOUND = CorpusMap(1, 5, CORNERS, Place(0.3, 0.3), (Place(1.0, 1.0), Place(0.5, 0.5)))
HITS = (hit(2, "Words of 2 at 90....", "2.txt", start=90), hit(3, "Words of 3 at 0.....", "3.txt"))


def style() -> str:
    return resource("chat.css") + resource("look.css")


def resource(name: str) -> str:
    return resources.files("pincite.ui").joinpath(name).read_text(encoding="utf-8")


@pytest.fixture
def show(browser: "Browser") -> Iterator[Show]:
    """Shows HTML as the page does. Afterwards: nothing was asked of any host, and no script failed."""
    contexts = []
    asked: list[str] = []
    failed: list[str] = []

    def shown(content: str, *, theme: str = "", **options: Any) -> Shown:
        context = browser.new_context(**{"viewport": {"width": 700, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.set_content(PAGE.format(css=style(), theme=theme, content=content, script=resource("map.js")))
        return Shown(page)

    yield shown
    for context in contexts:
        context.close()
    assert asked == []
    assert failed == []


def test_a_point_under_the_pointer_tells_its_address_and_words_and_a_click_opens_it(show: Show) -> None:
    from playwright.sync_api import expect

    shown = show(corpus_map(FOUR_CORNERS, DOCUMENTS, (), ENGLISH))
    expect(shown.tip).to_be_hidden()
    shown.page.mouse.move(*shown.at(1, 0))
    expect(shown.tip).to_be_visible()
    expect(shown.tip.locator("b")).to_have_text("1.txt › p. 1")
    expect(shown.tip.locator("span")).to_have_text("Words of 1 at 50.")
    shown.page.mouse.click(*shown.at(1, 0))
    shown.page.mouse.click(*shown.at(0.5, 0.5))
    shown.page.mouse.move(*shown.at(0.25, 0.25))
    expect(shown.tip).to_be_hidden()
    shown.page.mouse.click(*shown.at(0.25, 0.25))
    assert shown.opened == ["passage:d1:50-70", "passage:d3:0-20"]


def test_the_tip_stays_inside_the_map(show: Show) -> None:
    shown = show(corpus_map(FOUR_CORNERS, DOCUMENTS, (), ENGLISH))
    for corner in ((0, 0), (1, 0), (0, 1), (1, 1)):
        shown.page.mouse.move(*shown.at(*corner))
        box, tip = shown.box.bounding_box(), shown.tip.bounding_box()
        assert box is not None
        assert tip is not None
        assert tip["x"] >= box["x"]
        assert tip["y"] >= box["y"]
        assert tip["x"] + tip["width"] <= box["x"] + box["width"]
        assert tip["y"] + tip["height"] <= box["y"] + box["height"]


def test_the_keyboard_goes_from_point_to_point_and_opens(show: Show) -> None:
    from playwright.sync_api import expect

    cross = (
        point(1, 0.5, 0.0),
        point(1, 0.0, 0.5, start=50),
        point(2, 0.5, 0.5),
        point(2, 1.0, 0.5, start=50),
        point(2, 0.5, 1.0, start=90),
    )
    shown = show(corpus_map(CorpusMap(1, 5, cross), DOCUMENTS, (), ENGLISH))
    here = shown.page.get_by_role("status")
    for _ in range(4):  # past the three tools
        shown.page.keyboard.press("Tab")
    expect(shown.box).to_be_focused()
    expect(here).to_have_text("2.txt › p. 1: Words of 2 at 0.")
    for key, document_id, start in (
        ("ArrowLeft", 1, 50),
        ("ArrowLeft", 1, 50),
        ("ArrowRight", 2, 0),
        ("ArrowRight", 2, 50),
        ("Home", 2, 0),
        ("ArrowUp", 1, 0),
        ("PageUp", 1, 0),
        ("PageDown", 1, 50),
        ("ArrowDown", 2, 90),
    ):
        shown.page.keyboard.press(key)
        expect(here).to_have_text(f"{document_id}.txt › p. 1: Words of {document_id} at {start}.")
    shown.page.keyboard.press("Enter")
    assert shown.opened == ["passage:d2:90-110"]
    shown.page.keyboard.press("Escape")
    expect(shown.tip).to_be_hidden()
    shown.page.keyboard.press("Enter")
    assert shown.opened == ["passage:d2:90-110"]


def test_the_question_and_its_hits_are_on_the_map_and_in_the_list(show: Show) -> None:
    from playwright.sync_api import expect

    shown = show(corpus_map(FOUND, DOCUMENTS, HITS, ENGLISH))
    assert shown.colour_at(0.3, 0.3, canvas=1) == [255, 210, 63, 255]
    buttons = shown.page.locator(".pc-map-hit")
    expect(buttons).to_have_count(2)
    buttons.first.hover()
    expect(shown.tip.locator("b")).to_have_text("1 · 2.txt › p. 1")
    buttons.nth(1).click()
    shown.box.focus()
    shown.page.keyboard.press("1")
    shown.page.keyboard.press("Enter")
    assert shown.opened == ["passage:d3:0-20", "passage:d2:90-110"]


def test_a_click_on_a_name_in_the_legend_dims_the_other_documents(show: Show) -> None:
    from playwright.sync_api import expect

    shown = show(corpus_map(FOUR_CORNERS, DOCUMENTS, (), ENGLISH))
    first = shown.page.get_by_role("button", name="1.txt 2")
    opaque = [shown.colour_at(0, 0)[3], shown.colour_at(0, 1)[3]]
    assert opaque == [255, 255]
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    assert shown.colour_at(0, 0)[3] == 255
    assert shown.colour_at(0, 1)[3] < 128
    shown.page.mouse.click(*shown.at(0, 1))
    assert shown.opened == []
    first.click()
    expect(first).to_have_attribute("aria-pressed", "false")
    assert shown.colour_at(0, 1)[3] == 255


def test_the_map_is_enlarged_moved_and_shown_whole_again(show: Show) -> None:
    from playwright.sync_api import expect

    shown = show(corpus_map(FOUND, DOCUMENTS, HITS, ENGLISH))
    middle = shown.at(0.5, 0.5)
    whole = shown.colour_at(0, 0)
    shown.page.get_by_role("button", name="Nearer").click()
    assert shown.colour_at(0, 0) != whole
    shown.page.mouse.move(*shown.at(0.4, 0.6))
    shown.page.mouse.down()
    shown.page.mouse.move(*shown.at(0.6, 0.6), steps=4)
    shown.page.mouse.up()
    shown.page.mouse.move(*middle)
    expect(shown.tip).to_be_hidden()
    assert shown.opened == []
    shown.page.get_by_role("button", name="The whole map").click()
    assert shown.colour_at(0, 0) == whole
    shown.page.mouse.click(*middle)
    assert shown.opened == ["passage:d3:0-20"]


def test_on_a_narrow_touch_screen_the_first_tap_tells_and_the_second_opens(show: Show) -> None:
    from playwright.sync_api import expect

    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    shown = show(corpus_map(FOUND, DOCUMENTS, HITS, CHINESE), **phone)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 360
    shown.page.touchscreen.tap(*shown.at(0, 1))
    expect(shown.tip).to_contain_text("再次点按以打开")
    assert shown.opened == []
    shown.page.touchscreen.tap(*shown.at(0, 1))
    assert shown.opened == ["passage:d2:0-20"]


def test_a_new_value_is_drawn_in_place_of_the_old_one(show: Show) -> None:
    from playwright.sync_api import expect

    shown = show(corpus_map(FOUR_CORNERS, DOCUMENTS, (), ENGLISH))
    moved = CorpusMap(2, 2, (point(7, 0.5, 0.5), point(8, 0.0, 0.5)))
    new = corpus_map(moved, [document(7, "7.txt")], (), ENGLISH)
    shown.page.evaluate("(content) => window.replaceMap(content)", new)
    assert shown.colour_at(0, 0)[3] == 0
    shown.page.mouse.click(*shown.at(0.5, 0.5))
    assert shown.opened == ["passage:d7:0-20"]
    shown.page.evaluate(
        "(content) => window.replaceMap(content)", corpus_map(CorpusMap(3, 0, ()), [], (), ENGLISH)
    )
    expect(shown.page.locator(".pc-note")).to_be_visible()


def test_the_colours_are_those_of_the_theme(show: Show) -> None:
    content = corpus_map(FOUR_CORNERS, DOCUMENTS, (), ENGLISH)
    light = show(content)
    assert light.colour_at(0, 0) == [46, 54, 183, 255]
    light.page.evaluate("document.body.className = 'dark'")
    light.page.wait_for_function(
        "document.querySelector('canvas').getContext('2d').getImageData(23, 23, 1, 1).data[0] === 129"
    )
    assert show(content, theme="dark").colour_at(0, 0) == [129, 214, 250, 255]


@pytest.mark.parametrize("words", [ENGLISH, CHINESE])
def test_hostile_names_and_texts_are_shown_as_they_stand(show: Show, words: Words) -> None:
    from playwright.sync_api import expect

    points = tuple(
        point(number, number / len(HOSTILE), 0.5, name=f"{text} › p. 1", text=text)
        for number, text in enumerate(HOSTILE)
    )
    documents = [document(number, text.replace("/", "")) for number, text in enumerate(HOSTILE)]
    shown = show(corpus_map(CorpusMap(1, len(points), points), documents, (), words))
    for number, text in enumerate(HOSTILE):
        shown.page.mouse.move(*shown.at(number / len(HOSTILE), 0.5))
        expect(shown.tip.locator("b")).to_have_text(plain_name(f"{text} › p. 1"))
    assert shown.page.title() == "map"
    assert shown.page.locator("img, svg, script:not(body > script)").count() == 0


def test_five_thousand_points_are_drawn_and_searched(show: Show) -> None:
    points = tuple(
        point(number % 30, (number % 71) / 70, (number // 71) / 70, start=100 * number)
        for number in range(5000)
    )
    shown = show(corpus_map(CorpusMap(1, 5000, points), [], (), ENGLISH))
    shown.page.mouse.click(*shown.at(70 / 70, 35 / 70))
    assert shown.opened == [
        f"passage:d{(35 * 71 + 70) % 30}:{100 * (35 * 71 + 70)}-{100 * (35 * 71 + 70) + 20}"
    ]
