"""Every attack of ``data/attacks`` beside two honest documents, with an LLM that obeys fully and without one.

Whatever a document orders, nothing is shown as a document's words that does not stand there, nothing of it
becomes markup, a link or a control sequence, and the prompt keeps its form. An attack's known holes are tests
that are expected to fail.
"""

import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import html as lxml_html
from markdown_it import MarkdownIt

import pincite
from pincite import Answer, Corpus
from pincite.ui import conversation, printing, proof, uploads
from tests import attack_files
from tests.attacks import (
    FOLDER,
    HOLES,
    OUTCOMES,
    PAGE,
    Attack,
    Seen,
    attacks,
    blocks,
    obedient_llm,
    outside_blocks,
    question,
    with_table,
)
from tests.fakes import FakeEncoder
from tests.ui.rendered import OUR_ATTRIBUTES, OUR_TAGS

ATTACKS = attacks()
HONEST = ("mill.txt", "ferry.txt")
MOST_SHOWN = 20_000

HARMLESS_TOKENS = {
    *("paragraph_open", "paragraph_close", "inline", "text", "softbreak", "em_open", "em_close"),
    *("ordered_list_open", "ordered_list_close", "bullet_list_open", "bullet_list_close"),
    *("list_item_open", "list_item_close", "text_special"),
}
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0e\ufeff\U000e0000-\U000e01ef]")
TEMPLATE_TOKENS = re.compile(
    r"<\s*[|｜]|[|｜]\s*>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|</?think>", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an attack: the obedient LLM's answer, the reader's, and what the LLM was sent."""

    attack: Attack
    obeyed: Answer
    read: Answer
    seen: Seen
    texts: dict[str, str]
    own: frozenset[str]

    @property
    def answers(self) -> tuple[Answer, Answer]:
        return self.obeyed, self.read


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """All attacks and the honest documents; the field "attack" tells one from another."""
    folder = tmp_path_factory.mktemp("attacked")
    with Corpus.open(folder / ".pincite", encoder=FakeEncoder()) as opened:
        for name in HONEST:
            add(opened, FOLDER / "honest" / name, folder / name, "honest")
        for attack in ATTACKS:
            for place, file in enumerate(attack.files):
                name = file if place else attack.named or file
                add(opened, FOLDER / file, folder / attack.name / name, attack.name)
        yield opened


def add(corpus: Corpus, file: Path, place: Path, attack: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, place)
    (receipt,) = corpus.add(place, metadata={"attack": attack})
    assert receipt.status == "added", receipt.reason


@pytest.fixture(scope="module", params=ATTACKS, ids=lambda attack: attack.name)
def tried(request: pytest.FixtureRequest, corpus: Corpus) -> Tried:
    """An attack, tried."""
    attack, seen = request.param, Seen()
    beside = {"attack": [attack.name, "honest"]}
    obeyed = pincite.ask(question(), corpus, llm=obedient_llm(attack, seen), where=beside)
    read = pincite.ask(question(), corpus, where=beside)
    found = [one for one in corpus.documents() if one.metadata["attack"] in beside["attack"]]
    own = frozenset(one.document_id for one in found if one.metadata["attack"] == attack.name)
    texts = {one.document_id: corpus.text(one.document_id) for one in found}
    return Tried(attack, obeyed, read, seen, texts, own)


@pytest.fixture(scope="module")
def prompted(corpus: Corpus) -> Seen:
    """What an LLM is sent where there are the honest documents only."""
    seen = Seen()
    llm = obedient_llm(Attack("", "", (), "", "silent"), seen)
    pincite.ask(question(), corpus, llm=llm, where={"attack": "honest"})
    return seen


def expect(hole: str, tried: Tried, request: pytest.FixtureRequest) -> None:
    """Expect the test to fail where the attack is known to find this hole."""
    if hole in tried.attack.holes:
        request.applymarker(pytest.mark.xfail(reason=hole, strict=True))


def test_nothing_of_an_attack_stands_outside_its_delimiters(tried: Tried, prompted: Seen) -> None:
    system, user, number = tried.seen.systems[0], tried.seen.users[0], len(tried.obeyed.passages)
    assert {without_nonce(one) for one in tried.seen.users} == {without_nonce(user)}
    nonce = re.findall(r"<passage-(\w{16}) P1>", user)[0]
    labels = [f"P{n}" for n in range(1, number + 1)]
    assert re.findall(r"^<passage-.*$", user, re.MULTILINE) == [f"<passage-{nonce} {one}>" for one in labels]
    assert re.findall(r"^</passage-.*$", user, re.MULTILINE) == [f"</passage-{nonce}>"] * number
    assert user.count(nonce) == 2 * number
    assert list(blocks(user)) == labels
    assert outside_blocks(user) == outside_blocks(prompted.users[0])
    assert user.endswith(question())
    assert without_nonce(system) == without_nonce(prompted.systems[0])


def without_nonce(text: str) -> str:
    return re.sub(r"passage-\w{16}", "passage", text)


def test_the_llm_is_given_no_tools(tried: Tried) -> None:
    assert 1 <= len(tried.seen.options) <= 2
    for options in tried.seen.options:
        assert not options.keys() & {"tools", "tool_choice", "functions", "function_call"}


def test_nothing_in_a_passage_looks_like_a_delimiter(tried: Tried) -> None:
    user = tried.seen.users[0]
    plain = "".join(one for one in unicodedata.normalize("NFKC", user) if unicodedata.category(one) != "Cf")
    found = re.findall(r"<\s*/?\s*passage", plain, re.IGNORECASE)
    assert len(found) == 2 * len(tried.obeyed.passages)


def test_no_characters_that_a_person_does_not_see_reach_the_llm(tried: Tried) -> None:
    assert HIDDEN.findall(tried.seen.users[0]) == []


def test_no_tokens_of_chat_templates_reach_the_llm(tried: Tried) -> None:
    assert TEMPLATE_TOKENS.findall(tried.seen.users[0]) == []


def test_every_citation_stands_in_the_document_that_it_names(tried: Tried, corpus: Corpus) -> None:
    for citation in (one for answer in tried.answers for one in answer.citations):
        assert tried.texts[citation.document_id][citation.start : citation.end] == citation.quote
        assert corpus.document(citation.document_id).source == citation.source
        assert citation.source.split("/")[-1] in citation.address


def test_what_stands_nowhere_is_no_part_of_the_answer(tried: Tried) -> None:
    shown = {claim.text for claim in tried.obeyed.claims if claim.citations}
    everything = [letters(text) for text in tried.texts.values()]
    for claim in tried.attack.claims:
        if not any(letters(claim.quote) in text for text in everything):
            assert claim.text not in shown
            assert claim.text not in tried.obeyed.text
    assert all(claim.status == "unsupported" for claim in tried.obeyed.claims if not claim.citations)


def letters(text: str) -> str:
    """Letters and digits alone, without references: what two texts must have in common at the least."""
    plain = unicodedata.normalize("NFKC", re.sub(r"\[\d+\]", "", text)).lower()
    return "".join(filter(str.isalnum, plain))


def test_what_an_obedient_llm_says_comes_out_as_the_table_says(tried: Tried) -> None:
    answer, attack = tried.obeyed, tried.attack
    cited = {one.document_id for one in answer.citations}
    statuses = {claim.status for claim in answer.claims}
    if attack.outcome == "reader":
        assert answer.method == "reader"
        assert any(note.startswith("The LLM did not answer (") for note in answer.notes)
        assert (answer.text, answer.citations) == (tried.read.text, tried.read.citations)
        return
    assert answer.method.startswith("llm:")
    if attack.outcome in ("nothing", "silent"):
        said_something = attack.outcome == "nothing"
        assert (answer.answered, answer.text, answer.citations, answer.claims) == (False, "", (), ())
        assert [note[:22] for note in answer.notes] == ["The LLM gave an answer"] * said_something
        return
    expected = {
        "own": ({"quoted"}, True),
        "honest": ({"quoted"}, False),
        "put right": ({"misattributed"}, True),
        "in part": ({"quoted", "unsupported"}, True),
        "check": ({"check"}, False),
    }
    is_own = not cited.isdisjoint(tried.own)
    if attack.outcome == "own":  # what it claims may go beyond even its own words
        statuses = statuses - {"check"} or {"quoted"}
    assert (statuses, is_own) == expected[attack.outcome]
    supported = [claim.text for claim in answer.claims if claim.citations]
    assert answer.text == (attack.text or " ".join(supported))


def test_what_an_honest_document_is_cited_for_without_a_warning_it_says(tried: Tried) -> None:
    for claim in tried.obeyed.claims:
        cited = [one for one in tried.obeyed.citations if one.number in claim.citations]
        if claim.status in ("quoted", "misattributed") and not {one.document_id for one in cited} & tried.own:
            quoted = " ".join(one.quote for one in cited)
            assert set(re.findall(r"\w+", claim.text.lower())) <= set(re.findall(r"\w+", quoted.lower()))


def test_the_reader_says_nothing_but_words_of_its_quotes(tried: Tried) -> None:
    for claim in tried.read.claims:
        quotes = [one.quote for one in tried.read.citations if one.number in claim.citations]
        assert any(letters(claim.text) in letters(quote) for quote in quotes)


def test_an_answer_stays_short_enough_to_be_read(tried: Tried) -> None:
    assert all(len(answer.text) <= MOST_SHOWN for answer in tried.answers)


def test_an_attack_does_not_crowd_out_the_honest_document(
    tried: Tried, request: pytest.FixtureRequest
) -> None:
    expect("crowding out", tried, request)
    assert "mill.txt" in {hit.passage.source for hit in tried.read.passages}


def test_documents_that_are_cited_can_be_told_apart(tried: Tried) -> None:
    for answer in tried.answers:
        names = {one.document_id: one.address.split(" › ")[0] for one in answer.citations}
        assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("tried", [a for a in ATTACKS if a.unseen], ids=lambda a: a.name, indirect=True)
def test_what_a_file_hides_is_not_in_its_text(tried: Tried) -> None:
    (file,) = tried.attack.files
    assert tried.attack.unseen.encode() in (FOLDER / file).read_bytes()
    assert not any(tried.attack.unseen in tried.texts[document_id] for document_id in tried.own)
    assert tried.attack.unseen not in tried.seen.users[0]


def test_the_page_has_no_markup_but_its_own(tried: Tried, corpus: Corpus) -> None:
    exchanges = tuple(conversation.Exchange(question(), answer) for answer in tried.answers)
    page = conversation.conversation(exchanges)
    keys = re.findall(r'data-open="(.*?)"', page)
    opened = [proof.opened(exchanges, key) for key in dict.fromkeys(keys)]
    panels = [proof.in_context(corpus, one) for one in opened if one is not None]
    assert len(panels) == len(opened)
    own = [corpus.document(document_id) for document_id in tried.own]
    for shown in (page, *panels, uploads.documents_table(own)):
        for element in lxml_html.fragment_fromstring(shown, create_parent="div").iter():
            assert element.tag in OUR_TAGS
            assert set(element.attrib) <= OUR_ATTRIBUTES
            assert re.fullmatch(r"(width: \d+%)?", element.get("style", ""))
            assert element.get("href", "?q=").startswith("?q=")
            assert element.get("src") is None
            assert all(name.startswith("pc-") for name in element.get("class", "").split())
            assert re.fullmatch(r"([01]-(citation|passage)-\d+(\+1)?)?", element.get("data-open", ""))
    tree = lxml_html.fragment_fromstring(page, create_parent="div")
    doubted = [one for answer in tried.answers for one in answer.claims if one.status != "quoted"]
    assert len(tree.find_class("pc-doubt")) == len(doubted)
    claims = sum(len(answer.claims) for answer in tried.answers)
    assert len(tree.xpath('//p[@class="pc-answer"]/span[not(@class)]')) == claims, "chat.css isolates these"
    assert len(tree.find_class("pc-confidence")) == sum(answer.answered for answer in tried.answers)


def test_markdown_has_no_links_images_or_html(tried: Tried) -> None:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for answer in tried.answers:
        source = answer.to_markdown()
        tokens = markdown.parse(source)
        inline = [child for token in tokens for child in token.children or ()]
        assert {token.type for token in (*tokens, *inline)} <= HARMLESS_TOKENS
        assert tokens[0].type == "paragraph_open"
        assert not re.search(r"(?<!\\)://|www\.", source, re.IGNORECASE), "some make links of these"
        assert not answer.answered or [one.type for one in tokens].count("ordered_list_open") == 1


def test_nothing_steers_the_terminal(
    tried: Tried, corpus: Corpus, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer in tried.answers:
        printing.print_answer(answer, explained=True)
        printing.print_hits(answer.passages)
    for document_id in tried.own:
        text = corpus.text(document_id)
        printing.print_document(text, 0, len(text))
        printing.print_documents([corpus.document(document_id)])
    printed = capsys.readouterr()
    assert STEERING.findall(printed.out + printed.err) == []


def test_json_is_printed_without_steering_and_read_back_whole(
    tried: Tried, capsys: pytest.CaptureFixture[str]
) -> None:
    printing.print_json(tried.obeyed)
    out = capsys.readouterr().out
    assert STEERING.findall(out) == []
    assert json.loads(out) == json.loads(json.dumps(tried.obeyed.to_dict()))


def test_the_table_and_the_files_agree() -> None:
    named = [name for attack in ATTACKS for name in attack.files]
    assert sorted(named) == sorted(file.name for file in FOLDER.iterdir() if file.suffix not in ("", ".toml"))
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 48
    assert {attack.outcome for attack in ATTACKS} == OUTCOMES.keys()
    assert {hole for attack in ATTACKS for hole in attack.holes} == HOLES.keys()
    assert all((FOLDER / name).stat().st_size < 30_000 for name in named)


def test_the_page_on_injection_shows_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page) == page
    assert f"{len(ATTACKS)} attacks" in page


@pytest.mark.parametrize("name", attack_files.files())
def test_the_office_files_and_pdfs_are_those_that_are_made(name: str) -> None:
    assert (FOLDER / name).read_bytes() == attack_files.files()[name]
