"""The map's HTML: what is to be drawn, its legend and hits, and names that would be markup."""

import json
from typing import Any

import pytest

from pincite.index.corpus_map import CorpusMap, MapPoint, Place
from pincite.ui.corpus_map import COLOURS, STEPS, corpus_map, passage_key
from pincite.ui.markup import plain_name
from pincite.ui.words import CHINESE, ENGLISH, Words
from tests.ui.looking import HOSTILE, LANGUAGES, document, hit, read, tags_and_attributes, texts

TAGS = {
    *("b", "bdi", "button", "canvas", "div", "h4", "li", "ol", "p", "section", "small", "span"),
}
ATTRIBUTES = {
    *("aria-describedby", "aria-hidden", "aria-label", "aria-pressed", "class", "data-colour", "data-hit"),
    *("data-look", "data-map", "data-open", "dir", "hidden", "id", "role", "tabindex", "title", "type"),
}


def point(number: int, start: int = 0, text: str = "The kettle sings.", source: str = "tea.txt") -> MapPoint:
    return MapPoint(f"d{number}", start, start + len(text), f"{source} › Group 2", text, Place(0.25, 0.5))


def data_of(markup: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(read(markup).get("data-map"))
    return data


def test_each_point_has_its_place_span_address_and_words() -> None:
    found = CorpusMap(1, 3, (point(1), point(1, 40, "Tea is\nserved."), point(2)))
    data = data_of(corpus_map(found, [document(1, "tea.txt"), document(2, "b.txt")], (), ENGLISH))
    assert data["documents"] == ["d1", "d2"]
    assert data["document"] == [0, 0, 1]
    assert data["colours"] == [1, 2]
    assert data["x"] == [STEPS // 4] * 3
    assert data["y"] == [STEPS // 2] * 3
    assert data["span"] == [0, 17, 40, 54, 0, 17]
    assert data["address"].split("\n") == ["tea.txt › Group 2"] * 3
    assert data["words"].split("\n") == ["The kettle sings.", "Tea is served.", "The kettle sings."]
    assert data["question"] is None
    assert data["hits"] == []


def test_a_long_passage_is_shown_by_its_first_whole_words() -> None:
    found = CorpusMap(1, 1, (point(1, text="seven " * 15),))
    words = data_of(corpus_map(found, [], (), ENGLISH))["words"]
    assert words == "seven " * 12 + "seven …"


def test_the_hits_are_points_in_rank_order_and_one_outside_the_sample_is_added() -> None:
    hits = (hit(2), hit(9, "Off the sample."), hit(8, "Gone."), hit(1))
    places = (Place(0.25, 0.5), Place(1.0, 0.0), None, Place(0.25, 0.5))
    found = CorpusMap(1, 9, (point(1), point(2)), Place(0.5, 0.5), places)
    markup = corpus_map(found, [document(1, "tea.txt")], hits, ENGLISH)
    data = data_of(markup)
    assert data["hits"] == [1, 2, None, 0]
    assert data["question"] == [STEPS // 2, STEPS // 2]
    assert (data["x"][2], data["y"][2]) == (STEPS, 0)
    assert data["words"].split("\n")[2] == "Off the sample."
    buttons = read(markup).find_class("pc-map-hit")
    assert [button.get("data-open") for button in buttons] == [
        *("passage:d2:0-17", "passage:d9:0-15", "passage:d8:0-5", "passage:d1:0-17"),
    ]
    assert texts(read(markup), "pc-rank") == ["1", "2", "3", "4"]


def test_a_key_names_document_and_span() -> None:
    assert passage_key("abc", 3, 9) == "passage:abc:3-9"


def test_the_largest_documents_have_colours_and_the_others_are_one_entry() -> None:
    points = tuple(point(number, start) for number in range(11) for start in range(0, 20 * (11 - number), 20))
    found = CorpusMap(1, len(points), points)
    markup = corpus_map(found, [document(number, f"a/{number}.txt") for number in range(11)], (), CHINESE)
    assert data_of(markup)["colours"] == [*range(1, COLOURS + 1), 0, 0, 0]
    entries = read(markup).find_class("pc-map-name")
    assert [entry.get("data-colour") for entry in entries] == [*map(str, range(1, COLOURS + 1)), "0"]
    assert entries[0].text_content() == "0.txt 11"
    assert entries[-1].text_content() == "其他（3） 6"


def test_a_sample_says_that_it_is_one() -> None:
    whole, part = (CorpusMap(1, count, (point(1), point(2))) for count in (2, 12_345))
    told = [texts(read(corpus_map(found, [], (), ENGLISH)), "pc-map-about")[0] for found in (whole, part)]
    assert told[0].startswith("2 passages, each a point")
    assert told[1].startswith("A sample, 2 of 12,345 passages")


@pytest.mark.parametrize("words", LANGUAGES)
def test_a_question_without_a_place_is_explained(words: Words) -> None:
    found = CorpusMap(1, 1, (point(1),), None, (Place(0, 0),))
    assert words.map_question_unplaced in read(corpus_map(found, [], (hit(1),), words)).text_content()
    asked = CorpusMap(1, 1, (point(1),), Place(0, 0), (Place(0, 0),))
    assert words.map_question_unplaced not in read(corpus_map(asked, [], (hit(1),), words)).text_content()


@pytest.mark.parametrize("words", LANGUAGES)
def test_an_empty_corpus_has_no_map(words: Words) -> None:
    tree = read(corpus_map(CorpusMap(0, 0, ()), [], (), words))
    assert tree.text_content() == words.map_empty
    assert tree.get("data-map") is None


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("words", LANGUAGES)
def test_no_name_or_text_becomes_markup(hostile: str, words: Words) -> None:
    name = hostile.replace("/", "")
    found = CorpusMap(1, 1, (point(1, 0, hostile, name),), Place(0, 0), (None,))
    markup = corpus_map(found, [document(1, name)], (hit(3, hostile, name),), words)
    tags, attributes = tags_and_attributes(read(markup))
    assert tags <= TAGS
    assert attributes <= ATTRIBUTES
    line = plain_name(name)
    assert read(markup).find_class("pc-map-name")[0].find("bdi").text == line
    assert data_of(markup)["address"] == plain_name(f"{name} › Group 2")
    assert data_of(markup)["words"].count("\n") == 0
