"""What sentences are measured by."""

from pincite.evidence import FEATURES, gather
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit
from pincite.questions import Question


def hit(text: str, *, title: str = "") -> Hit:
    passage = Passage("id", "notes.txt", title, "", 0, len(text), text, (), None)
    return Hit(passage, 1.0, 0.5, 3.0)


def test_features_are_what_their_names_say() -> None:
    evidence = gather(Question.of("Who bought Pellow Mill?"), [hit("Ada bought Pellow Mill. It rained.")])
    first, second = (dict(zip(FEATURES, row, strict=True)) for row in evidence.features)
    assert first["coverage"] == first["coverage of passage"] == first["names in passage"] == 1.0
    assert (first["asked for but nowhere"], first["passage rank"], first["passage similarity"]) == (0, 1, 0.5)
    assert (second["coverage"], second["coverage around"], second["asked kind"]) == (0.0, 1.0, 0.0)


def test_what_is_asked_for_but_nowhere_is_told() -> None:
    evidence = gather(Question.of("Who bought Pellow Mill?"), [hit("Ada bought a hat. It rained.")])
    column = evidence.features[:, FEATURES.index("asked for but nowhere")]
    assert 0 < column[0] < 1
    assert column[0] == column[1]


def test_a_heading_that_echoes_the_question_is_left_out() -> None:
    text = "Visiting Hollin Moor Observatory\n\nEdith Varley, a chemist, founded it."
    evidence = gather(Question.of("Who founded Hollin Moor Observatory?"), [hit(text)])
    assert [sentence.text for sentence in evidence.sentences] == ["Edith Varley, a chemist, founded it."]
    assert [sentence.number for sentence in evidence.sentences] == [1]


def test_the_title_counts_for_what_is_around() -> None:
    evidence = gather(
        Question.of("When was the mill built?"), [hit("It was built in 1921.", title="The mill")]
    )
    [row] = (dict(zip(FEATURES, row, strict=True)) for row in evidence.features)
    assert row["coverage"] < row["coverage around"] == 1.0


def test_nothing_found_is_no_evidence() -> None:
    assert gather(Question.of("Who?"), []).features.shape == (0, len(FEATURES))
