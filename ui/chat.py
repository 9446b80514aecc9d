"""The chat page: a question on the left, its proof on the right, and a place to drop documents.

``build`` lays it out and ties its events, ``serve`` runs it. Every answer comes from ``answering.stream``.
What the page shows is made in ``proof`` and ``uploads``, as escaped HTML: no text of a document or a person
goes to a component that would render markup. Gradio is imported when a page is built, not before.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pincite.answering import stream
from pincite.answers import Turn
from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.index.records import Receipt
from pincite.ui import privacy, proof, uploads

if TYPE_CHECKING:
    import gradio as gr

MOST_QUESTION_CHARACTERS = 2000
EMPTY_QUESTION = "Type a question first."
UNEXPECTED = "Something went wrong here; the window in which pincite runs has the details. Please try again."
_QUESTIONS_AT_ONCE = 4
_DAY_SECONDS = 86_400
_TICK_SECONDS = 0.5
_NAME = "<h1>pincite <small>answers from your own documents, with their exact words</small></h1>"

Exchanges = tuple[proof.Exchange, ...]


def build(corpus: Corpus, *, llm: Any = None, min_confidence: float | None = None) -> "gr.Blocks":
    """Return the page for ``corpus``, which ``serve`` gives its look and runs.

    ``llm`` and ``min_confidence`` are as for ``ask``.
    """
    import gradio as gr

    script = _resource("chat.js")
    desk = _Desk(corpus, llm, min_confidence, unchanged=gr.skip())

    def show_opened(event: gr.EventData, exchanges: Exchanges) -> str:
        return desk.open(str(getattr(event, "open", "")), exchanges)

    with gr.Blocks(
        title="pincite", analytics_enabled=False, fill_width=True, delete_cache=(_DAY_SECONDS, _DAY_SECONDS)
    ) as page:
        exchanges = gr.State(())
        gr.HTML(_NAME, elem_id="pc-name", apply_default_css=False)
        with gr.Row(elem_id="pc-desk"):
            with gr.Column(elem_id="pc-left", min_width=280):
                conversation = gr.HTML(
                    proof.conversation(()),
                    elem_id="pc-conversation",
                    apply_default_css=False,
                    js_on_load=f"{script}\nstartConversation(element, trigger, watch);",
                )
                with gr.Row(elem_id="pc-ask"):
                    question = gr.Textbox(
                        label="Question",
                        show_label=False,
                        container=False,
                        placeholder="Ask a question…",
                        max_lines=6,
                        max_length=MOST_QUESTION_CHARACTERS,
                        autofocus=True,
                        elem_id="pc-question",
                        scale=1,
                    )
                    button = gr.Button("Ask", variant="primary", elem_id="pc-button", scale=0, min_width=84)
                hint = gr.HTML("", elem_id="pc-hint", apply_default_css=False)
            with gr.Column(elem_id="pc-right", min_width=280):
                panel = gr.HTML(
                    proof.NOTHING_OPEN,
                    elem_id="pc-proof",
                    apply_default_css=False,
                    js_on_load=f"{script}\nstartProof(element, watch);",
                )
                with gr.Accordion(
                    "Documents: add and list", open=not corpus.documents(), elem_id="pc-documents"
                ):
                    dropped = gr.File(
                        label="Add documents",
                        file_count="multiple",
                        height=130,
                        elem_id="pc-drop",
                    )
                    receipts = gr.HTML("", elem_id="pc-receipts", apply_default_css=False)
                    documents = gr.HTML("", elem_id="pc-list", apply_default_css=False)

        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        page.load(desk.documents, outputs=documents, **hidden)
        asked = gr.on(
            [question.submit, button.click],
            desk.answer,
            inputs=[question, exchanges],
            outputs=[question, hint, conversation, panel, exchanges],
            concurrency_limit=_QUESTIONS_AT_ONCE,
            trigger_mode="once",
            **hidden,
        )
        asked.failure(desk.give_up, inputs=exchanges, outputs=[hint, conversation], **hidden)
        conversation.click(show_opened, inputs=exchanges, outputs=panel, concurrency_limit=None, **hidden)
        added = dropped.upload(desk.take_in, inputs=dropped, outputs=[dropped, receipts, documents], **hidden)
        added.failure(lambda: proof.problem_card(UNEXPECTED), outputs=receipts, **hidden)
    return page


def serve(
    corpus: Corpus,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    llm: Any = None,
    min_confidence: float | None = None,
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Run the page until interrupted, on ``host`` and ``port`` (0: any that is free).

    ``on_ready`` is told the page's address. On ``KeyboardInterrupt`` the page is closed, and the interrupt
    goes on. Raises ``PinciteError`` where the host is not this machine's, or the port cannot be had.
    """
    free_port = _free_port(host)
    privacy.set_environment(host)
    page = build(corpus, llm=llm, min_confidence=min_confidence)
    try:
        _, url, _ = page.launch(
            **privacy.launch_options(host),
            **_look(),
            server_port=port or free_port,
            inbrowser=open_browser,
            inline=False,
            prevent_thread_lock=True,
            quiet=True,
            show_error=False,
        )
    except OSError as error:
        raise PinciteError(
            f"cannot serve the page at {host}:{port}, which another program may use: name another --port"
        ) from error
    try:
        if on_ready is not None:
            on_ready(url)
        while page.is_running:
            time.sleep(_TICK_SECONDS)
    finally:
        page.close(verbose=False)


class _Desk:
    """What the page's events do. Shared by all sessions: a conversation comes in and goes out.

    ``unchanged`` is gradio's value for a part of the page that stays as it is.
    """

    def __init__(self, corpus: Corpus, llm: Any, min_confidence: float | None, unchanged: Any) -> None:
        self._corpus = corpus
        self._llm = llm
        self._min_confidence = min_confidence
        self._unchanged = unchanged

    def answer(self, question: str, exchanges: Exchanges) -> Iterator[tuple[Any, ...]]:
        """Yield question box, hint, conversation, panel and exchanges: as it is looked for, then answered."""
        same = self._unchanged
        question = question.strip()
        if not question:
            yield "", _hint(EMPTY_QUESTION), same, same, same
            return
        yield "", "", proof.conversation(exchanges, question), same, same
        said = ""
        for step in self._steps(question, exchanges):
            if isinstance(step, str):
                said += step
                yield same, same, proof.conversation(exchanges, question, said), same, same
            else:
                exchanges = (*exchanges, step)
        panel = self.open(f"{len(exchanges) - 1}-citation-1", exchanges)
        yield same, "", proof.conversation(exchanges), panel, exchanges

    def open(self, key: str, exchanges: Exchanges) -> str:
        """Return the proof panel for what the ``data-open`` key stands for."""
        shown = proof.opened(exchanges, key)
        if shown is None:
            return proof.NOTHING_OPEN
        try:
            return proof.in_context(self._corpus, shown)
        except PinciteError as error:
            return proof.problem_card(f"This document has changed since: ask again ({error})")

    def take_in(self, dropped: Sequence[str] | None) -> Iterator[tuple[None, str, str]]:
        """Add the dropped files one by one, yielding the receipts so far and the documents."""
        receipts: list[Receipt] = []
        paths = [Path(path) for path in dropped or ()]
        yield None, uploads.receipts_table(receipts, len(paths)), self.documents()
        for path in paths:
            receipts.append(uploads.take_in(path, self._corpus))
            path.unlink(missing_ok=True)
            waiting = len(paths) - len(receipts)
            yield None, uploads.receipts_table(receipts, waiting), self.documents()

    def documents(self) -> str:
        """Return the list of the corpus's documents."""
        try:
            return uploads.documents_table(self._corpus.documents())
        except PinciteError as error:
            return proof.problem_card(str(error))

    @staticmethod
    def give_up(exchanges: Exchanges) -> tuple[str, str]:
        """Return the page to what it was before a question that failed in a way nobody foresaw."""
        return _hint(UNEXPECTED), proof.conversation(exchanges)

    def _steps(self, question: str, exchanges: Exchanges) -> Iterator[str | proof.Exchange]:
        """Yield the answer in pieces, as far as an LLM has got, then the exchange that comes of it."""
        answers = [one.answer for one in exchanges if one.answer is not None]
        history = [Turn(answer.standalone_question, answer.text) for answer in answers]
        try:
            pieces = stream(
                question,
                self._corpus,
                llm=self._llm,
                min_confidence=self._min_confidence,
                history=history,
            )
            for piece in pieces:
                yield piece if isinstance(piece, str) else proof.Exchange(question, piece)
        except (PinciteError, ValueError) as error:
            yield proof.Exchange(question, None, str(error))


def _hint(text: str) -> str:
    return f'<p class="pc-hint" role="status">{proof.escape(text)}</p>'


def _resource(name: str) -> str:
    return resources.files("pincite.ui").joinpath(name).read_text(encoding="utf-8")


def _free_port(host: str) -> int:
    """Return a port that is free at ``host``. Raises ``PinciteError`` where nobody can listen there."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), 0, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
            return int(probe.getsockname()[1])
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PinciteError(
            f"cannot serve the page at {host}: {reason}: give --host an address of this machine, as 127.0.0.1"
        ) from error


def _look() -> dict[str, Any]:
    """Return the arguments for gradio's ``launch`` that make the page's look. Its fonts are the system's."""
    import gradio as gr

    fonts = [gr.themes.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "monospace")]
    theme = gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=fonts, font_mono=mono).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
    )
    return {"theme": theme, "css": _resource("chat.css")}
