"""What ``benchmarks/scale.py`` does and prints, against a real server where that is cheap."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pincite.index.corpus import Corpus
from pincite.index.ingestion import Progress
from tests.fakes import FakeEncoder

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = (
    "corpus",
    "scale",
    "scale_crash",
    "scale_passages",
    "scale_quality",
    "scale_rows",
    "scale_server",
    "scale_wire",
)


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, ModuleType]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield {name: importlib.import_module(name) for name in SCRIPTS}


def test_a_server_that_was_killed_comes_back_with_what_was_stored(
    scripts: dict[str, ModuleType], tmp_path: Path
) -> None:
    encoder = scripts["corpus"].MadeUpEncoder(10)
    with scripts["scale_server"].LiteServer(tmp_path) as server:
        with Corpus.open(server.corpus("kept"), encoder=encoder) as corpus:
            corpus.add_text("The mill stands by the river.", source="mill.txt")
            server.seal()
        assert server.disk_bytes() > 0
        server.kill()
        server.start()
        with scripts["scale_crash"]._opened_again(server.corpus("kept"), encoder) as corpus:
            assert [hit.passage.source for hit in corpus.search("mill")] == ["mill.txt"]


def test_made_up_passages_are_stored_in_both_stores_and_found_first_in_the_same_place(
    scripts: dict[str, ModuleType], tmp_path: Path
) -> None:
    wire = scripts["scale_wire"]
    found = wire.measure(tmp_path, 200, 3)
    assert found.passages == 200
    assert found.findings == []
    for searched in (found.folder, found.server):
        assert [len(times) for times in searched.milliseconds.values()] == [3, 3]
    assert found.folder.first == found.server.first
    assert len(found.folder.first) == 6
    lines = wire.table(found).splitlines()
    assert lines[0] == "| 200 passages | a folder | Milvus Lite |"
    assert "| the same first hit |  | 100.0% |" in lines
    assert all(line.count("|") == 4 for line in lines)


def test_both_stores_score_passages_alike(scripts: dict[str, ModuleType], tmp_path: Path) -> None:
    texts = {
        "mill.md": "# The old mill\n\nThe mill stands by the river. Mills grind.\n\n## H0\n\nA river runs.\n",
        "moon.md": "# The moon\n\nThe moon is round and far, and no river runs there.\n",
        "tea.txt": "王小茗的茶园在河边。",
    }
    with (
        scripts["scale_server"].LiteServer(tmp_path / "server") as server,
        Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as folder,
    ):
        for source, text in texts.items():
            folder.add_text(text, source=source)
        folder.copy(server.corpus("alike"))
        with Corpus.open(server.corpus("alike"), encoder=FakeEncoder()) as copy:
            for query in ("mill river", "h0", "where does a river run?", "茶园", "moon mill old"):
                hits, copied = folder.search(query), copy.search(query)
                assert hits
                assert [hit.passage for hit in copied] == [hit.passage for hit in hits]
                assert [hit.score for hit in copied] == pytest.approx([hit.score for hit in hits])


def test_files_of_made_up_passages_are_the_same_every_time(
    scripts: dict[str, ModuleType], tmp_path: Path
) -> None:
    passages = scripts["scale_passages"]
    assert passages.write_files(tmp_path, 45) == 5
    files = sorted(tmp_path.rglob("*.txt"))
    assert [file.relative_to(tmp_path).as_posix() for file in files][:2] == [
        "2015/000000.txt",
        "2016/000001.txt",
    ]
    before = [file.read_text() for file in files]
    assert before[-1].count("Group") == 5
    assert passages.write_files(tmp_path, 45) == 5
    assert [file.read_text() for file in files] == before


def test_the_server_is_killed_once_after_so_many_files_have_had_their_turn(
    scripts: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = scripts["scale_crash"]
    monkeypatch.setattr(crash, "_MOMENT", 0.0)

    class Counted:
        kills = 0

        def kill(self) -> None:
            self.kills += 1

    server = Counted()
    killing = crash._Killing(server, 2)
    for source, passages in (("a", 0), ("a", 7)):
        killing(Progress(source, 0, 3, passages))
    timer = killing._timer
    assert timer is None
    for number, source in ((1, "b"), (2, "c")):
        killing(Progress(source, number, 3))
    timer = killing._timer
    assert timer is not None
    timer.join()
    assert server.kills == 1
    assert killing.when > 0


def test_what_is_missing_after_a_crash_is_told(scripts: dict[str, ModuleType]) -> None:
    crash = scripts["scale_crash"]
    kill = crash.Kill("CorpusUnavailable: gone", 0.26, 1.5, 2.0, 120)
    right = crash.Outcome([kill], (9, 9, 90, 90, 1), (9, 9, 90, 90, 1), [])
    wrong = crash.Outcome([kill], (9, 9, 90, 80, 1), (9, 9, 90, 90, 1), ["some"])
    assert "| 120 files stored | 0.3 s | 1.5 s | 2.0 s |" in crash.table(right)
    assert "9 files, 90 passages, as in a folder" in crash.table(right)
    assert "80 passages, NOT as in a folder" in crash.table(wrong)
    assert crash.table(wrong).endswith("`verify`: 1")


def test_a_row_is_weighed_by_what_a_server_keeps_of_it(scripts: dict[str, ModuleType]) -> None:
    rows = scripts["scale_rows"]
    row = {
        "id": "é1",
        "number": 7,
        "vector": [0.5] * 384,
        "names": ["a/b", "b"],
        "terms": "x y x",
        "fields": {},
    }
    assert rows.weighed([row, row]) == {
        "id": 3,
        "number": 8,
        "vector": 1536,
        "names": 4,
        "terms": 5,
        "terms, weighed": 16,
        "fields": 2,
    }
    weighed = rows.Weighed("texts", 30, 60, {"id": 10.0, "payload": 90.0})
    assert weighed.bytes_a_passage == 50.0
    assert rows.table([weighed]).splitlines()[-1] == "| **texts** | 30 rows, 60 passages | **50** a passage |"


def test_points_apart_are_those_that_the_server_is_ahead(scripts: dict[str, ModuleType]) -> None:
    quality = scripts["scale_quality"]
    measures = {"nDCG@10": 0.5, "R@100": 0.75, "P@1": 0.25}
    one = quality.Compared("set", 300, 1_000, 4.0, measures, measures | {"nDCG@10": 0.504}, 0.97)
    assert one.points_apart == pytest.approx(0.4)
    line = quality.table([one]).splitlines()[-1]
    assert line == (
        "| set | 300 | 1,000 | 0.5000 / 0.5040 | 0.7500 / 0.7500 | 0.2500 / 0.2500 | +0.40 | 97.0% | 250 |"
    )


def test_figures_are_plain_before_they_are_written(scripts: dict[str, ModuleType]) -> None:
    agreement = scripts["scale_quality"].Agreement(500, 0.98, 100, 0.97)
    assert scripts["scale"].plain([agreement]) == [
        {"questions": 500, "same_first_hit": 0.98, "asked": 100, "same_first_citation": 0.97}
    ]
