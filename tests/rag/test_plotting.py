"""The picture of risk against coverage: what it draws, and where it can be written."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from pincite.evaluating import Report, evaluate
from pincite.index.corpus import Corpus
from pincite.labels import LabelledQuestion as Question
from pincite.plotting import check_plot, draw_report
from pincite.risk import RiskPoint
from tests.fakes import FakeEncoder

TEXT = "The mill was bought by Ada Pellow in March 1921. Its wheel turns twice a day. Josiah Trewin built it."
QUESTIONS = (
    Question("Who bought the mill in 1921?", ("Ada Pellow",)),
    Question("Who built the mill?", ("Wenna Pascoe",)),
    Question("Who conducts the Berlin Philharmonic?", answerable=False),
)


@pytest.fixture
def report(tmp_path: Path, fake_encoder: FakeEncoder) -> Report:
    with Corpus.open(tmp_path / "corpus", encoder=fake_encoder) as corpus:
        corpus.add_text(TEXT, source="mill.txt")
        return evaluate(QUESTIONS, corpus, min_confidence=0.05)


def words_of(picture: Path) -> str:
    """The text of an SVG, which matplotlib draws as paths and repeats in comments."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    tree = ET.parse(picture, parser)
    return "\n".join(
        node.text.strip() for node in tree.iter() if callable(node.tag) and node.text is not None
    )


def test_a_picture_says_what_it_shows_in_words_and_percent(report: Report, tmp_path: Path) -> None:
    draw_report(report, tmp_path / "p.svg")
    words = words_of(tmp_path / "p.svg")
    assert report.aurc is not None
    for expected in (
        "questions answered (coverage)",
        "of those, answered wrongly (risk)",
        f"area under the curve (AURC) {100 * report.aurc:.1f} % · 3 questions",
        "confidence of the answer",
        "answers that are right",
        "3 answers, counted above their bins",
        "100 %",
        "threshold 0.05 (as set): ",
        "(10 % risk): 33 % answered, 0 % of them wrong",
    ):
        assert expected in words


def test_a_threshold_is_shown_with_all_its_digits(report: Report, tmp_path: Path) -> None:
    close = replace(report, recommended=RiskPoint(0.9123456, 1 / 3, 0.0))
    draw_report(close, tmp_path / "p.svg")
    assert "threshold 0.9123456 (10 % risk)" in words_of(tmp_path / "p.svg")


def test_a_png_is_a_picture_of_its_size(report: Report, tmp_path: Path) -> None:
    draw_report(report, tmp_path / "P.PNG")
    with Image.open(tmp_path / "P.PNG") as picture:
        assert (picture.format, picture.size) == ("PNG", (1664, 768))
        colours = picture.convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert (0x1B, 0x5E, 0x8C) in {colour for _, colour in colours}


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_same_report_makes_the_same_bytes(report: Report, tmp_path: Path, ending: str) -> None:
    one, other = tmp_path / f"one{ending}", tmp_path / f"other{ending}"
    draw_report(report, one)
    draw_report(report, other)
    assert one.read_bytes() == other.read_bytes()


def test_a_report_without_answers_is_drawn_and_says_so(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    with Corpus.open(tmp_path / "corpus", encoder=fake_encoder) as empty:
        draw_report(evaluate(QUESTIONS, empty), tmp_path / "p.svg")
    assert "no answer that is known to be right or wrong" in words_of(tmp_path / "p.svg")


def test_a_place_is_checked_and_left_as_it_was(tmp_path: Path) -> None:
    check_plot(tmp_path / "new.png")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old.png").write_bytes(b"old")
    check_plot(tmp_path / "old.png")
    assert (tmp_path / "old.png").read_bytes() == b"old"
    with pytest.raises(ValueError, match=r"its name must end in \.png, \.svg, \.pdf"):
        check_plot(tmp_path / "p.jpeg")
    for place in (tmp_path / "none" / "p.png", tmp_path / "old.png" / "p.png"):
        with pytest.raises(OSError, match=r"p\.png"):
            check_plot(place)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(IsADirectoryError):
        check_plot(tmp_path / "folder.png")


def test_a_users_own_matplotlib_style_changes_nothing_and_stays(report: Report, tmp_path: Path) -> None:
    import matplotlib as mpl

    draw_report(report, tmp_path / "one.svg")
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30.0}):
        draw_report(report, tmp_path / "other.svg")
        assert mpl.rcParams["font.size"] == 30.0
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_drawing_needs_no_display_no_pyplot_and_no_home_to_write_to(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pincite.evaluating import evaluate\n"
        "from pincite.index.corpus import Corpus\n"
        "from pincite.plotting import draw_report\n"
        "from tests.fakes import FakeEncoder\n"
        f"with Corpus.open({str(tmp_path / 'corpus')!r}, encoder=FakeEncoder()) as corpus:\n"
        f"    draw_report(evaluate([], corpus), Path({str(tmp_path / 'p.pdf')!r}))\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    nowhere = str(tmp_path / "nowhere" / "home")
    (tmp_path / "nowhere").write_text("a file, so that no folder can be made below it")
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "HOME": nowhere, "XDG_CONFIG_HOME": nowhere, "XDG_CACHE_HOME": nowhere},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")
