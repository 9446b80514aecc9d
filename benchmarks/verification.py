"""Measures what becomes of an LLM's answers before they are shown, through ``pincite.ask``.

    python benchmarks/verification.py                  # both parts
    python benchmarks/verification.py --split dev      # claims of the other split
    python benchmarks/verification.py --list           # every answer and claim that came out otherwise, too

answers    a scripted LLM quotes the sample documents, rightly in the many forms that LLMs give a quote, and
           wrongly: under another label, made up, stitched together, reworded (``scripted_answers``,
           ``scripted_faults``). Each quote is one claim of an answer of its own, beside one that is right, so
           that there is an answer to look at. Whatever is cited is compared with the document again
claims     quotes that stand, each with a claim that is right or says something else
           (``tests/data/claims.jsonl``), and how many of them are marked "check"

Prints Markdown tables. The exit code is 1 where a target is missed: no quote that is nobody's words is cited,
at most one in a hundred of the right ones is refused, every citation is the document's own text.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sample_places import ROOT, Place, Samples, fill, letters
from scripted_answers import ScriptedAnswer, answers_from
from scripted_faults import faults_in
from scripted_llm import Said, ScriptedLLM

import pincite
from pincite.index.passages import REFERENCE

CLAIMS = ROOT / "tests" / "data" / "claims.jsonl"
MOST_REFUSED = 0.01
PER_KIND = 14
STATUSES = ("quoted", "misattributed", "unsupported", "check")
WANTED = {"correct": "quoted", "misattributed": "misattributed", "wished": "quoted"}
NOBODYS = ("made up", "stitched", "reworded")
UNPROMISED = ("wished", "feared")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scripted answer. ``is_true``: what is cited for it, if anything, are its true words.
    ``is_faithful``: all that the answer cites is the documents' own text.
    """

    answer: ScriptedAnswer
    status: str
    is_cited: bool
    is_true: bool
    is_faithful: bool

    @property
    def is_wanted(self) -> bool:
        """Whether it came out as it must."""
        wanted = WANTED.get(self.answer.family, "unsupported")
        is_cited = wanted != "unsupported"
        return self.status == wanted and self.is_cited == is_cited and self.is_true and self.is_faithful


@dataclass(frozen=True, slots=True)
class AnswersReport:
    """The outcomes of all scripted answers."""

    outcomes: Sequence[Outcome]

    def of(self, *families: str) -> list[Outcome]:
        """Return the outcomes of some families of answers."""
        return [one for one in self.outcomes if one.answer.family in families]

    @property
    def shown(self) -> int:
        """How many quotes that are nobody's words were cited."""
        return sum(one.is_cited for one in self.of(*NOBODYS))

    @property
    def refused(self) -> float:
        """The share of right quotes that were not shown as such, with their own words."""
        return _share(not one.is_wanted for one in self.of("correct"))

    @property
    def misplaced(self) -> float:
        """The share of quotes under a wrong label that were not put right."""
        return _share(not one.is_wanted for one in self.of("misattributed"))

    @property
    def is_good(self) -> bool:
        """Whether the targets are met."""
        is_faithful = all(one.is_faithful for one in self.outcomes)
        return is_faithful and self.shown == 0 and max(self.refused, self.misplaced) <= MOST_REFUSED


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim and the quote that it rests on; ``wrong``: it says something else than the quote.

    ``context`` is the whole passage, ``title`` its document's, or empty.
    """

    split: str
    language: str
    kind: str
    question: str
    quote: str
    claim: str
    wrong: bool
    context: str
    title: str

    @classmethod
    def from_json(cls, line: str) -> "LabelledClaim":
        """Read a line; without ``context`` the quote is all there is."""
        fields: dict[str, Any] = json.loads(line)
        return cls(**{"context": fields["quote"], "title": "", **fields})


@dataclass(frozen=True, slots=True)
class ClaimsReport:
    """Claims, each with whether it was marked."""

    marked: Sequence[tuple[LabelledClaim, bool]]

    def share(self, *, wrong: bool, kind: str | None = None, language: str | None = None) -> float:
        """Return the share that was marked of the wrong claims, or of the right ones, of one kind or all."""
        return _share(is_marked for _, is_marked in self.of(wrong=wrong, kind=kind, language=language))

    def of(
        self, *, wrong: bool, kind: str | None = None, language: str | None = None
    ) -> list[tuple[LabelledClaim, bool]]:
        """Return some of the claims."""
        return [
            (claim, is_marked)
            for claim, is_marked in self.marked
            if claim.wrong == wrong and kind in (None, claim.kind) and language in (None, claim.language)
        ]


def measure_answers(corpus: pincite.Corpus, per_kind: int = PER_KIND) -> AnswersReport:
    """Ask for the scripted answers, ``per_kind`` of most kinds. ``corpus`` holds the sample documents."""
    samples = Samples.of(corpus, per_kind)
    return AnswersReport(
        [_outcome(answer, corpus) for answer in (*answers_from(samples), *faults_in(samples))]
    )


def measure_claims(claims: Iterable[LabelledClaim], corpus: pincite.Corpus) -> ClaimsReport:
    """Ask each claim's question of its own document alone. ``corpus`` is empty, and gets the documents."""
    return ClaimsReport(
        [(claim, _is_marked(claim, corpus, sources)) for claim, sources in _indexed(claims, corpus)]
    )


def read_claims(split: str | None = None) -> list[LabelledClaim]:
    """Return the labelled claims of a split, or all."""
    claims = [LabelledClaim.from_json(line) for line in CLAIMS.read_text(encoding="utf-8").splitlines()]
    return [claim for claim in claims if split in (None, claim.split)]


def _outcome(answer: ScriptedAnswer, corpus: pincite.Corpus) -> Outcome:
    named, true = answer.named, answer.true or answer.named
    right = Said(f"{named.shown} –", named.shown, named.passage_shown)  # not the tested claim once more
    claimed = answer.quote if answer.quote and letters(answer.quote) else "It says so."
    tested = Said(claimed, answer.quote, named.passage_shown, answer.label)
    question = " ".join(dict.fromkeys((named.passage_shown, true.passage_shown)))  # both are to be found
    llm = ScriptedLLM(right, tested)
    given = pincite.ask(question, corpus, llm=llm, min_confidence=0.0, fallback=False)
    shown = {citation.number: citation for citation in given.citations}
    claim = given.claims[-1]
    if len(given.claims) != 2 or given.claims[0].status != "quoted":
        raise RuntimeError(f"the claim beside it was not shown: {given.claims}")
    return Outcome(
        answer,
        claim.status,
        bool(claim.citations),
        answer.true is None or all(_are_words_of(shown[one], answer.true) for one in claim.citations),
        all(corpus.text(one.document_id)[one.start : one.end] == one.quote for one in given.citations),
    )


def _are_words_of(citation: pincite.Citation, place: Place) -> bool:
    """Whether the letters and digits that are cited are those of the place, one by one."""
    offsets = _lettered(citation.quote, citation.start)
    return citation.document_id == place.passage.document_id and offsets == _lettered(
        place.words, place.start
    )


def _lettered(text: str, start: int) -> list[int]:
    """Return where the letters and digits outside references stand."""
    inside = {at for match in REFERENCE.finditer(text) for at in range(*match.span())}
    return [start + at for at, one in enumerate(text) if one.isalnum() and at not in inside]


def _indexed(claims: Iterable[LabelledClaim], corpus: pincite.Corpus) -> Iterator[tuple[LabelledClaim, str]]:
    """Index each context once, and yield each claim with its document's source."""
    sources: dict[tuple[str, str], str] = {}
    for claim in claims:
        document = (claim.title, claim.context)
        if document not in sources:
            sources[document] = f"{len(sources):04}.txt"
            metadata = {"title": claim.title} if claim.title else {}
            corpus.add_text(claim.context, source=sources[document], metadata=metadata)
        yield claim, sources[document]


def _is_marked(claim: LabelledClaim, corpus: pincite.Corpus, source: str) -> bool:
    llm = ScriptedLLM(Said(claim.claim, claim.quote, ""))
    answer = pincite.ask(
        claim.question, corpus, where={"source": source}, llm=llm, min_confidence=0.0, fallback=False
    )
    if [one.status for one in answer.claims] not in (["quoted"], ["check"]):
        raise RuntimeError(f"not found in its own passage: {claim}")
    return answer.claims[0].status == "check"


def _share(truths: Iterable[bool]) -> float:
    found = list(truths)
    return sum(found) / len(found) if found else 0.0


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [" | ".join(heads), " | ".join(["---", *["---:"] * (len(heads) - 1)])]
    lines += [" | ".join(map(str, row)) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _rows(outcomes: Iterable[Outcome]) -> Iterator[Sequence[object]]:
    kinds: Mapping[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        kinds.setdefault((one.answer.family, one.answer.kind), []).append(one)
    for (family, kind), found in kinds.items():
        counts = Counter(one.status for one in found)
        escaped = kind.replace("*", "\\*")
        yield (
            f"{family}: {escaped}",
            len(found),
            *(counts[status] or "" for status in STATUSES),
            sum(not one.is_wanted for one in found),
        )


def print_answers(report: AnswersReport) -> None:
    """Print what became of the scripted answers."""
    promised = [one for one in report.outcomes if one.answer.family not in UNPROMISED]
    nobodys, correct, misattributed = report.of(*NOBODYS), report.of("correct"), report.of("misattributed")
    print(_table(("quote", "answers", *STATUSES, "wrong"), _rows(promised)))
    print(f"\n{len(promised)} answers\n")
    print(f"- made up, stitched or reworded, and cited: **{report.shown} of {len(nobodys)}**")
    print(f"- correct, and refused: **{report.refused:.1%} of {len(correct)}**")
    print(f"- under a wrong label, and not put right: {report.misplaced:.1%} of {len(misattributed)}")
    unfaithful = sum(not one.is_faithful for one in report.outcomes)
    print(f"- with a citation that is not the document's own text: {unfaithful} of {len(report.outcomes)}")
    print("\nWished for (to be quoted) and feared (not to be), not promised:\n")
    print(_table(("quote", "answers", *STATUSES, "otherwise"), _rows(report.of(*UNPROMISED))))


def print_claims(report: ClaimsReport) -> None:
    """Print how many claims were marked."""
    for wrong, head in ((True, "wrong claims"), (False, "right claims")):
        kinds = dict.fromkeys(claim.kind for claim, _ in report.of(wrong=wrong))
        rows = []
        for name, kind in [*((kind, kind) for kind in kinds), ("all", None)]:
            found = report.of(wrong=wrong, kind=kind)
            marked = sum(is_marked for _, is_marked in found)
            shares = [
                f"{report.share(wrong=wrong, kind=kind, language=language):.0%}"
                if report.of(wrong=wrong, kind=kind, language=language)
                else "–"
                for language in ("en", "zh")
            ]
            rows.append((name, len(found), marked, f"{marked / len(found):.0%}", *shares))
        print(_table((head, "claims", "marked", "share", "English", "Chinese"), rows), end="\n\n")


def _list(answers: AnswersReport, claims: ClaimsReport) -> None:
    for one in answers.outcomes:
        if not one.is_wanted and one.answer.family not in UNPROMISED:
            print(f"{one.answer.family}, {one.answer.kind}: {one.status}: {one.answer.quote!r}")
    for claim, is_marked in claims.marked:
        if is_marked != claim.wrong:
            fault = "not marked" if claim.wrong else "marked in error"
            print(f"{fault}, {claim.kind}: {claim.claim!r} on {claim.quote!r}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=("dev", "test"), default="test", help="of the labelled claims")
    parser.add_argument("--list", action="store_true", help="what came out otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with pincite.Corpus.open(Path(folder) / "samples") as corpus:
            fill(corpus)
            answers = measure_answers(corpus)
        with pincite.Corpus.open(Path(folder) / "claims") as corpus:
            claims = measure_claims(read_claims(options.split), corpus)
    print_answers(answers)
    print(f"\nClaims, split {options.split}:\n")
    print_claims(claims)
    if options.list:
        _list(answers, claims)
    sys.exit(0 if answers.is_good else 1)


if __name__ == "__main__":
    main()
