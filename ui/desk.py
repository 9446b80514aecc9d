"""What the page's events do: asking, opening a proof, adding and removing documents, saving. No gradio here.

One ``Desk`` is shared by all sessions: a conversation comes in with an event and goes out again, kept by
gradio for the session it belongs to. Every answer comes from ``answering.stream``.
"""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock
from typing import Any

from pincite.answering import stream
from pincite.answers import Answer, Turn
from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.passage_scores import reader_scores
from pincite.questions import Question
from pincite.ui import charts, conversation, corpus_map, exporting, proof, uploads
from pincite.ui.background import Precedence, until_stopped
from pincite.ui.conversation import Exchange
from pincite.ui.limits import MOST_QUESTION_CHARACTERS
from pincite.ui.markup import escape
from pincite.ui.scope import Scope
from pincite.ui.words import CHINESE, Words

_QUIET_SECONDS = 1.0
_PATIENT_SECONDS = 20.0
"""Example questions are not begun before the page has been quiet so long, as a link's question is asked at
once, and give way to questions so long.
"""

SAME: Any = object()
"""Stands for a part of the page that stays as it is."""

Exchanges = tuple[Exchange, ...]


@dataclass(slots=True)
class Underway:
    """A question that is being answered: it can be stopped, and be ``forgotten`` with its conversation."""

    question: str
    stopped: Event = field(default_factory=Event)
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What an event makes of the parts of the page that asking changes. ``underway`` is None when no question
    is being answered.
    """

    question: str = SAME
    hint: str = SAME
    pending: str = SAME
    conversation: str = SAME
    proof: str = SAME
    exchanges: Exchanges = SAME
    underway: Underway | None = SAME


class Desk:
    """``llm`` and ``min_confidence`` are as for ``ask``."""

    def __init__(self, corpus: Corpus, llm: Any = None, min_confidence: float | None = None) -> None:
        self._corpus = corpus
        self._llm = llm
        self._min_confidence = min_confidence
        self._suggested: tuple[int, tuple[str, ...]] = (-1, ())
        self._suggesting = Lock()
        self._questions = Precedence()

    def answer(self, question: str, scope: Scope, exchanges: Exchanges, words: Words) -> Iterator[Shown]:
        """Yield the page while a question is looked for, as its answer grows, and with its proof."""
        question = question.strip()
        if wrong := _wrong_with(question, words):
            yield Shown(question=question, hint=_hint(wrong))
            return
        underway, outcome = Underway(question), Exchange(question, None, scope=scope)
        yield Shown("", "", conversation.pending(outcome, words), underway=underway)
        with self._questions.urgent():
            for step in until_stopped(self._steps(outcome, exchanges), underway.stopped):
                if isinstance(step, str):
                    outcome = replace(outcome, said=outcome.said + step)
                    yield Shown(pending=conversation.pending(outcome, words))
                else:
                    outcome = step
        if underway.forgotten:
            yield self.begin_anew(words)
            return
        exchanges = (*exchanges, outcome)
        panel = self.open(f"{len(exchanges) - 1}-citation-1", exchanges, words)
        yield Shown("", "", "", self._conversation(exchanges, words), panel, exchanges, None)

    def give_up(self, underway: Underway | None, exchanges: Exchanges, words: Words) -> Shown:
        """Return the page to what it was before a question that failed in a way nobody foresaw, the question
        to be asked again.
        """
        question = SAME if underway is None else underway.question
        shown = self._conversation(exchanges, words)
        return Shown(question, _hint(words.unexpected), "", shown, underway=None)

    @staticmethod
    def stop(underway: Underway | None, *, forget: bool = False) -> None:
        """Have ``answer`` end at once, with what was verified until now, or with nothing."""
        if underway is not None:
            underway.forgotten = forget
            underway.stopped.set()

    def begin_anew(self, words: Words) -> Shown:
        """Return the page without a conversation."""
        return Shown("", "", "", self._conversation((), words), proof.nothing_open(words), (), None)

    def open(self, key: str, exchanges: Exchanges, words: Words) -> str:
        """Return the proof panel for what the ``data-open`` key stands for."""
        shown = proof.opened(exchanges, key)
        if shown is None:
            return proof.nothing_open(words)
        try:
            if not shown.address:
                shown = replace(shown, address=self._address_of(shown))
            return proof.in_context(self._corpus, shown, words)
        except PinciteError as error:
            return conversation.problem_card(words.has_changed.format(error=error))

    def draw(self, key: str, exchanges: Exchanges, words: Words) -> str:
        """Return the page of what the ``data-open`` key stands for; empty where it stands for nothing."""
        shown = proof.opened(exchanges, key)
        return proof.page_picture(self._corpus, shown, words) if shown is not None else ""

    def scores(self, exchanges: Exchanges, words: Words) -> str:
        """Return the scores of the passages that the last question found, as bars."""
        index, answer = self._last_answer(exchanges)
        if answer is None:
            return charts.nothing_to_compare(words)
        try:
            read = reader_scores(answer.standalone_question, answer.passages)
        except PinciteError as error:
            return conversation.problem_card(str(error))
        return charts.score_chart(index, answer, read, words)

    def overview(self, exchanges: Exchanges, words: Words) -> tuple[str, str]:
        """Return the map of the corpus, with the last question and what it found on it, and the corpus in
        figures.
        """
        _, answer = self._last_answer(exchanges)
        hits = () if answer is None else answer.passages
        question = "" if answer is None else answer.standalone_question
        try:
            found = self._corpus.map(question, [hit.passage for hit in hits])
            documents = self._corpus.documents()
            figures = charts.statistics(self._corpus.stats(), documents, words)
        except PinciteError as error:
            return conversation.problem_card(str(error)), ""
        return corpus_map.corpus_map(found, documents, hits, words), figures

    def take_in(self, dropped: Sequence[str] | None, words: Words) -> Iterator[str]:
        """Add the dropped files one by one, yielding their receipts and how far the one at hand has come."""
        paths = [Path(path) for path in dropped or ()]
        for taking in uploads.take_all_in(paths, self._corpus):
            yield uploads.receipts_table(taking, words)

    def remove(self, source: str, words: Words) -> str:
        """Remove a file, the copy that was kept of an upload too; return what there is to say of it."""
        try:
            return uploads.receipts_table(uploads.Taking((uploads.remove(source, self._corpus),)), words)
        except (PinciteError, OSError) as error:
            return conversation.problem_card(str(error))

    def documents(self, words: Words) -> str:
        """Return the list of the corpus's documents."""
        try:
            return uploads.documents_table(self._corpus.documents(), words)
        except PinciteError as error:
            return conversation.problem_card(str(error))

    @staticmethod
    def problem(text: str) -> str:
        """Return what an event that failed in a way nobody foresaw leaves on the page."""
        return conversation.problem_card(text)

    def examples(self, words: Words) -> str:
        """Return questions that the corpus answers, those in the page's language first. They are worked out
        once for each generation of the corpus, while nobody waits for an answer.
        """
        try:
            with self._suggesting:
                with self._corpus.snapshot() as snapshot:
                    generation = snapshot.generation
                if self._suggested[0] != generation:
                    self._suggested = generation, self._worked_out_examples()
        except PinciteError:
            return ""  # whatever it is, a question will tell
        own = sorted(self._suggested[1], key=lambda one: Question.of(one).is_chinese != (words is CHINESE))
        return conversation.examples(own, words)

    def _worked_out_examples(self) -> tuple[str, ...]:
        give_way = self._questions.giving_way(_QUIET_SECONDS, _PATIENT_SECONDS)
        give_way()
        from pincite.suggesting import example_questions  # its rules take a third of a second to compile

        return example_questions(self._corpus, give_way=give_way)

    def choices(self, chosen: Scope) -> tuple[list[str], list[str]]:
        """Return the sources and the publishers that a question can be asked of, in order. What is chosen is
        among them, also where the corpus has it no more: to leave it out would be to ask other documents.
        """
        documents = self._corpus.documents()
        publishers = {str(one.metadata["publisher"]) for one in documents if one.metadata.get("publisher")}
        sources = {one.source for one in documents}
        return sorted(sources.union(chosen.sources)), sorted(publishers.union(chosen.publishers))

    def save(self, wanted: str, exchanges: Exchanges) -> str:
        """Return a file to save as the page's script takes it: JSON with its name, type and content, in an
        attribute. Saved twice, it differs: the script is told of changes only.

        ``wanted`` is what ``data-save`` has, as ``bundle:all`` or ``page:0``; anything else is "".
        """
        kind, _, which = wanted.partition(":")
        answers = [one.answer for one in exchanges if one.answer is not None]
        if which.isdecimal() and int(which) < len(exchanges):
            answers = [one for one in [exchanges[int(which)].answer] if one is not None]
        if kind not in conversation.SAVED_AS or not answers:
            return ""
        try:
            file = json.dumps(self._file(kind, answers))
        except (PinciteError, ValueError) as error:
            return conversation.problem_card(str(error))
        return f'<div data-file="{escape(file)}" data-made="{time.monotonic_ns()}"></div>'

    def _file(self, kind: str, answers: Sequence[Answer]) -> dict[str, str]:
        if kind == "markdown":
            suffix, media_type, content = ".md", "text/markdown", exporting.markdown(answers)
        elif kind == "page":
            suffix, media_type, content = ".html", "text/html", exporting.html_page(answers)
        else:
            from pincite.bundles import bundle

            suffix, media_type, content = ".json", "application/json", bundle(answers, self._corpus).to_json()
        return {"name": exporting.file_name(answers, suffix), "type": media_type, "content": content}

    def _address_of(self, shown: proof.Opened) -> str:
        """Return the address of a passage that was opened from the map; empty where it is not on it."""
        places = (
            point.address
            for point in self._corpus.map().points
            if (point.document_id, point.start, point.end)
            == (shown.document_id, shown.passage.start, shown.passage.end)
        )
        return next(places, "")

    @staticmethod
    def _last_answer(exchanges: Exchanges) -> tuple[int, Answer | None]:
        answered = [(index, one.answer) for index, one in enumerate(exchanges) if one.answer is not None]
        return answered[-1] if answered else (0, None)

    def _conversation(self, exchanges: Exchanges, words: Words) -> str:
        return conversation.conversation(exchanges, words)

    def _steps(self, asked: Exchange, exchanges: Exchanges) -> Generator[str | Exchange, None, None]:
        """Yield the answer in pieces, as far as an LLM has got, then the exchange that comes of it."""
        answers = [one.answer for one in exchanges if one.answer is not None]
        history = [Turn(answer.standalone_question, answer.text) for answer in answers]
        try:
            pieces = stream(
                asked.question,
                self._corpus,
                where=asked.scope.where(),
                llm=self._llm,
                min_confidence=self._min_confidence,
                history=history,
            )
            for piece in pieces:
                yield piece if isinstance(piece, str) else Exchange(asked.question, piece, scope=asked.scope)
        except (PinciteError, ValueError) as error:
            yield Exchange(asked.question, None, str(error), scope=asked.scope)


def _wrong_with(question: str, words: Words) -> str:
    """Return why a question is not asked; empty where it is."""
    most, count = MOST_QUESTION_CHARACTERS, len(question)
    too_long = words.long_question.format(most=f"{most:,}", count=f"{count:,}")
    return words.empty_question if not count else too_long if count > most else ""


def _hint(text: str) -> str:
    return f'<p class="pc-hint" role="status">{escape(text)}</p>'
