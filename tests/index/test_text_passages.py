"""The passages of a text in hand are those of a corpus, at their places in the text as it was given."""

from hypothesis import given

from pincite.index.corpus import Corpus
from pincite.index.formats.text import plain_text
from pincite.index.text_passages import cut_text
from tests.fakes import FakeEncoder
from tests.index.texts import grouped_texts, texts

FAKE = FakeEncoder(max_tokens=12)
WINDOWS = "\ufeffGroup 1 - Rain fell [2] - Rivers\r\nrose [2][3]\r\n\r\nGroup 2 - Roads closed [4]\r\n"


def test_spans_count_what_is_taken_out_of_a_text() -> None:
    _, passages = cut_text(WINDOWS, FAKE.count_tokens, FAKE.max_tokens, file_name="rain.txt")
    assert [WINDOWS[one.start : one.end] for one in passages] == [
        "Rain fell [2] - Rivers\r\nrose",
        "Roads closed",
    ]
    assert [one.references for one in passages] == [("2", "3"), ("4",)]
    assert [one.address for one in passages] == [
        "rain.txt › Group 1 › points 1–2",
        "rain.txt › Group 2 › point 1",
    ]


def test_a_passage_ends_before_the_line_end_that_follows_it() -> None:
    text = "Rain fell.\r\nSnow lay.\r\n"
    _, passages = cut_text(text, FAKE.count_tokens, 2)
    assert [text[one.start : one.end] for one in passages] == ["Rain fell.", "Snow lay."]


def test_without_a_file_name_an_address_begins_with_the_group() -> None:
    _, passages = cut_text("Group 1 - Rain fell [2]", FAKE.count_tokens, FAKE.max_tokens)
    assert [one.address for one in passages] == ["Group 1 › point 1"]
    _, passages = cut_text("Rain fell.", FAKE.count_tokens, FAKE.max_tokens)
    assert [one.address for one in passages] == [""]


def test_the_context_is_what_a_corpus_embeds_before_a_passage() -> None:
    text = "# Mill\n\nAbout it.\n\n## Wheels\n\nThere are two.\n"
    metadata, passages = cut_text(text, FAKE.count_tokens, FAKE.max_tokens, is_markdown=True)
    assert metadata["title"] == "Mill"
    assert [(one.group, one.context) for one in passages] == [
        ("Mill", ("Mill",)),
        ("Mill › Wheels", ("Mill › Wheels",)),
    ]
    metadata, (passage,) = cut_text("Group 1 - 水轮有两个 [2]", FAKE.count_tokens, 12, title="Handbook")
    assert (metadata["title"], passage.group, passage.context) == ("Handbook", "Group 1", ())


def test_a_text_without_text_has_no_passages() -> None:
    assert cut_text(" \r\n ", FAKE.count_tokens, FAKE.max_tokens) == ({}, [])


@given(texts | grouped_texts)
def test_the_passages_are_those_of_a_corpus(text: str) -> None:
    _, passages = cut_text(text, FAKE.count_tokens, FAKE.max_tokens)
    plain = plain_text(text)
    _, of_plain = cut_text(plain, FAKE.count_tokens, FAKE.max_tokens)
    assert len(passages) == len(of_plain)
    for passage, same in zip(passages, of_plain, strict=True):
        assert plain_text(text[passage.start : passage.end]) == plain[same.start : same.end]
        assert len(plain_text(text[: passage.start])) == same.start
        assert len(plain_text(text[: passage.end])) == same.end
        assert (passage.group, passage.context) == (same.group, same.context)


def test_a_stored_text_is_cut_alike(seeds_corpus: Corpus) -> None:
    stored = {document.source: document.document_id for document in seeds_corpus.documents()}
    encoder = seeds_corpus.encoder
    found = 0
    for source in ("seeds/open-source-ai-race.txt", "seeds/tidal-mill.md"):
        text = seeds_corpus.text(stored[source])
        is_markdown = source.endswith(".md")
        name = source.rpartition("/")[2]
        _, passages = cut_text(
            text, encoder.count_tokens, encoder.max_tokens, file_name=name, is_markdown=is_markdown
        )
        cut = {(one.start, one.end): (one.group, one.address, one.references) for one in passages}
        hits = seeds_corpus.search("mill, models", top_k=100, where={"source": source})
        found += len(hits)
        for hit in hits:
            passage = hit.passage
            assert cut[passage.start, passage.end] == (passage.group, passage.address, passage.references)
        assert len(cut) == seeds_corpus.document(stored[source]).passages
    assert found > 10
