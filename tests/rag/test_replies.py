"""What is made of a reply, whole and in pieces, without any LLM."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.replies import QuotedClaim, ReplyReader


def parse_reply(reply: str) -> list[QuotedClaim]:
    """The claims of a reply that is there as a whole; ValueError where it has none and is not at its end."""
    reading = ReplyReader()
    claims = reading.feed(reply) + reading.finish()
    if not (claims or reading.is_whole):
        raise ValueError("no claims, each a text")
    return claims


GOOD = {"claims": [{"text": "It was built in 1742.", "passage": "P1", "quote": "built in 1742"}]}


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD, indent=2)}\n```",
        f"Here you are: {json.dumps(GOOD)} I hope this {{helps}}.",
        f'<think>Perhaps {{"claims": []}}?</think>\n{json.dumps(GOOD)}',
        f'Perhaps {{"claims": []}}? No.\n</think>\n\n{json.dumps(GOOD)}',
        json.dumps({"language": "en"} | GOOD),
        json.dumps({"claims": [*GOOD["claims"], {"text": " ", "passage": None, "quote": None}]}),
    ],
)
def test_claims_are_found_in_whatever_surrounds_them(reply: str) -> None:
    (claim,) = parse_reply(reply)
    assert (claim.sentence, claim.label, claim.quote) == ("It was built in 1742.", 1, "built in 1742")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "The mill was built in 1742.",
        "[]",
        "{}",
        '{"claims": "none"}',
        '{"claims": [{"text": 3}]}',
        '{"claims": [',
        f"<think>{json.dumps(GOOD)} or rather",
        '{"claims":' * 5000,
    ],
)
def test_a_reply_of_another_form_is_refused(reply: str) -> None:
    with pytest.raises(ValueError, match="no claims, each a text"):
        parse_reply(reply)


def test_no_claims_is_a_valid_reply() -> None:
    assert parse_reply('{"claims": []}') == []


@pytest.mark.parametrize(("named", "label"), [("P12", 12), ("[p2]", 2), (3, 3), ("passage", 0), (None, 0)])
def test_labels_are_read_leniently(named: object, label: int) -> None:
    (claim,) = parse_reply(json.dumps({"claims": [{"text": "It is.", "passage": named, "quote": "is"}]}))
    assert claim.label == label


def test_labels_and_references_are_taken_out_of_a_claim() -> None:
    reply = {
        "claims": [{"text": "It was built\nin 1742 [P1] (P2, P3) [4].", "passage": "P1", "quote": "1742"}]
    }
    (claim,) = parse_reply(json.dumps(reply))
    assert claim.sentence == "It was built in 1742."


TAGGED = "<claim><passage>P1</passage><quote>built in 1742</quote><text>It was built in 1742.</text></claim>"


@pytest.mark.parametrize(
    "reply",
    [
        TAGGED,
        f"```xml\n{TAGGED}\n```",
        f"Here you are:\n{TAGGED}",
        "<claim>\n<passage>P1\n<quote>built in 1742\n<text>It was built in 1742.\n</claim>",
        "<claim><text>It was **built** in 1742 [P1].</text><quote>built in 1742</quote><passage>[P1]</claim>",
    ],
)
def test_claims_are_found_in_tags(reply: str) -> None:
    (claim,) = parse_reply(reply)
    assert (claim.sentence, claim.label, claim.quote) == ("It was built in 1742.", 1, "built in 1742")


def test_no_answer_in_tags_is_a_valid_reply() -> None:
    assert parse_reply("<no-answer/>") == parse_reply("I see nothing. <no-answer />") == []


def read(pieces: list[str]) -> tuple[list[QuotedClaim], ReplyReader]:
    reading = ReplyReader()
    claims = [claim for piece in pieces for claim in reading.feed(piece)]
    return claims + reading.finish(), reading


TWO = json.dumps(
    {
        "claims": [
            {"passage": "P1", "quote": 'a "brace" } and ]', "text": "One."},
            {"passage": "P2", "quote": "two", "text": "Two."},
        ]
    }
)
TWO_TAGGED = TAGGED + "\n" + TAGGED.replace("P1", "P2")


@given(
    st.sampled_from([TWO, TWO_TAGGED, f"<think>{TWO}</think>{TWO}", f"So: {TWO}", f"```json\n{TWO}```"]),
    st.data(),
)
def test_it_does_not_matter_in_what_pieces_a_reply_comes(reply: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(reply)), max_size=12).map(sorted))
    pieces = [reply[start:end] for start, end in zip([0, *cuts], [*cuts, len(reply)], strict=True)]
    claims, reading = read(pieces)
    assert claims == parse_reply(reply)
    assert reading.is_whole


@pytest.mark.parametrize("reply", [TWO, TWO_TAGGED])
def test_a_claim_is_there_as_soon_as_it_is_complete(reply: str) -> None:
    reading, came = ReplyReader(), []
    for at, character in enumerate(reply):
        came += [at] * len(reading.feed(character))
    ends = [at for at in range(len(reply)) if reply[: at + 1].endswith(('."}', "</claim>"))]
    assert came == ends
    assert reading.finish() == []
    assert reading.is_whole


def test_what_is_said_after_the_last_claim_does_not_matter_but_half_a_claim_does() -> None:
    assert read([f"{TAGGED}\nI hope this helps!"])[1].is_whole
    assert not read([f"{TAGGED}\n<claim><passage>P1"])[1].is_whole


@pytest.mark.parametrize("end", range(len(TWO) - 2))
def test_a_json_reply_that_is_cut_is_not_whole(end: int) -> None:
    reading = ReplyReader()
    assert len(reading.feed(TWO[:end])) < 3
    assert not reading.is_whole


def test_a_claim_that_is_none_is_passed_over_and_one_that_is_no_json_ends_the_reply() -> None:
    broken = (
        '{"claims": [3, {"text": {}}, {"passage": "P1", "quote": "a", "text": "A."}, {"quote": "he "said""}]}'
    )
    claims, reading = read([broken])
    assert [claim.sentence for claim in claims] == ["A."]
    assert not reading.is_whole


@pytest.mark.parametrize("step", [7, 10**6])
def test_a_long_reply_is_read_whole_and_one_long_claim_given_up(step: int) -> None:
    claims = [{"passage": "P1", "quote": "q" * 900, "text": f"{number}."} for number in range(60)]
    for long in (claims, [*claims, {"text": "x" * 50_000}, {"text": "}" * 50_000}]):
        reply = json.dumps({"claims": long})
        found, _ = read([reply[at : at + step] for at in range(0, len(reply), step)])
        assert [claim.sentence for claim in found[:60]] == [f"{number}." for number in range(60)]
