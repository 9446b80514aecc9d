"""The chat page: a question on the left, its proof on the right, and a place to drop documents.

``build`` ties the parts that ``layout`` makes to what ``desk`` does, ``serve`` runs the page. What it shows
is made in Python as escaped HTML: no text of a document or a person goes to a component that would render
markup. Gradio is imported when a page is built, not before.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.ui import endpoints, intake, layout, privacy
from pincite.ui.access import LOCAL, Access
from pincite.ui.desk import SAME, Desk, Exchanges, Shown, Underway
from pincite.ui.markup import as_written, plain_name, untranslated
from pincite.ui.scope import Scope
from pincite.ui.warming import uncollected, warming
from pincite.ui.words import ENGLISH, in_language, words_for

if TYPE_CHECKING:
    import gradio as gr

_MOST_ASKING = 24  # that many see their questions taken up; how many are worked on, `background` bounds
_DAY_SECONDS = 86_400
_TICK_SECONDS = 0.5
_PRIVATE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_WRITING: dict[str, Any] = {**_PRIVATE, "concurrency_id": "writing", "concurrency_limit": 1}
"""For what changes the corpus: one at a time, in all sessions together."""


def build(corpus: Corpus, *, llm: Any = None, min_confidence: float | None = None) -> "gr.Blocks":
    """Return the page for ``corpus``, which ``serve`` gives its look and runs.

    ``llm`` and ``min_confidence`` are as for ``ask``.
    """
    import gradio as gr

    desk = Desk(corpus, llm, min_confidence)
    with gr.Blocks(
        title="pincite", analytics_enabled=False, fill_width=True, delete_cache=(_DAY_SECONDS, _DAY_SECONDS)
    ) as page:
        # first: gradio gives a name to the first that asks for it, and the page's own events have names too
        endpoints.add_endpoints(corpus, llm=llm, min_confidence=min_confidence)
        parts = layout.lay_out(gr.I18n(**layout.translations()))
        _tie_beginning(page, parts, desk)
        _tie_asking(parts, desk)
        _tie_proof(parts, desk)
        _tie_documents(parts, desk)
    return page


def _tie_beginning(page: "gr.Blocks", parts: layout.Parts, desk: Desk) -> None:
    """When the page is opened: its language, the question of a link, example questions."""
    import gradio as gr

    same = gr.skip()

    def begin(request: gr.Request, starter: int) -> tuple[Any, ...]:
        words = words_for(request.headers.get("accept-language", ""))
        question, scope = Scope.from_link(request.url.query)
        texts = (same,) * 3
        if words is not ENGLISH:
            fresh = desk.begin_anew(words)
            texts = (layout.header(words), fresh.conversation, fresh.proof)
        if not question:
            return (words.code, *texts, *(same,) * 6)
        sources, publishers = desk.choices(scope)
        return (
            words.code,
            *texts,
            untranslated(question),
            _offered(sources, scope.sources),
            _offered(publishers, scope.publishers),
            untranslated(scope.since),
            untranslated(scope.until),
            starter + 1,
        )

    def examples(language: str) -> str:
        return desk.examples(in_language(language))

    outputs = [parts.language, parts.header, parts.conversation, parts.proof, parts.question, parts.sources]
    outputs += [parts.publishers, parts.since, parts.until, parts.starter]
    begun = page.load(begin, parts.starter, outputs, **_PRIVATE)
    for event in (begun.then, parts.documents.change):
        event(examples, parts.language, parts.suggestions, concurrency_limit=1, **_PRIVATE)


def _tie_asking(parts: layout.Parts, desk: Desk) -> None:
    """Asking, by hand or from an example, a link or anew; stopping; beginning a new conversation."""
    import gradio as gr

    shown = [parts.question, parts.hint, parts.pending, parts.conversation, parts.proof]
    shown += [parts.exchanges, parts.underway]
    scope = [parts.sources, parts.publishers, parts.since, parts.until]
    told = [parts.exchanges, parts.language]

    def ask(
        question: str,
        sources: list[str],
        publishers: list[str],
        since: str | None,
        until: str | None,
        exchanges: Exchanges,
        language: str,
    ) -> Iterator[tuple[Any, ...]]:
        chosen = Scope.chosen(sources, publishers, as_written(since or ""), as_written(until or ""))
        for step in desk.answer(as_written(question), chosen, exchanges, in_language(language)):
            yield _values(step)

    def give_up(underway: Underway | None, exchanges: Exchanges, language: str) -> tuple[Any, ...]:
        return _values(desk.give_up(underway, exchanges, in_language(language)))

    def begin_anew(underway: Underway | None, language: str) -> tuple[Any, ...]:
        desk.stop(underway, forget=True)
        return _values(desk.begin_anew(in_language(language)))

    def ask_example(event: gr.EventData, starter: int) -> tuple[str, int]:
        return untranslated(str(getattr(event, "question", ""))), starter + 1

    def ask_again(exchanges: Exchanges, starter: int) -> tuple[str, Exchanges, int]:
        return untranslated(exchanges[-1].question) if exchanges else "", exchanges[:-1], starter + 1

    asked = gr.on(
        [parts.question.submit, parts.ask.click, parts.starter.change],
        ask,
        [parts.question, *scope, *told],
        shown,
        concurrency_limit=_MOST_ASKING,
        trigger_mode="once",
        **_PRIVATE,
    )
    asked.failure(give_up, [parts.underway, *told], shown, **_PRIVATE)
    _tie_looking(asked, parts, desk)
    parts.stop.click(desk.stop, parts.underway, None, concurrency_limit=None, **_PRIVATE)
    parts.header.clear(begin_anew, [parts.underway, parts.language], shown, **_PRIVATE)
    parts.suggestions.example_select(ask_example, parts.starter, [parts.question, parts.starter], **_PRIVATE)
    again = [parts.question, parts.exchanges, parts.starter]
    parts.conversation.retry(ask_again, [parts.exchanges, parts.starter], again, **_PRIVATE)


def _tie_looking(asked: Any, parts: layout.Parts, desk: Desk) -> None:
    """What is looked at rather than read: drawn when its tab is opened, and again after each answer."""
    import gradio as gr

    told = [parts.exchanges, parts.language]

    def look(tab: str, exchanges: Exchanges, language: str) -> tuple[Any, Any, Any]:
        words, same = in_language(language), gr.skip()
        if tab == layout.SCORES:
            return desk.scores(exchanges, words), same, same
        if tab == layout.CORPUS:
            return same, *desk.overview(exchanges, words)
        return same, same, same

    def turn_to(tab: str, exchanges: Exchanges, language: str) -> tuple[Any, ...]:
        return tab, *look(tab, exchanges, language)

    drawn = [parts.scores, parts.map, parts.figures]
    asked.then(look, [parts.tab, *told], drawn, **_PRIVATE)
    tabs = {parts.proof_tab: layout.PROOF, parts.documents_tab: layout.DOCUMENTS}
    tabs |= {parts.scores_tab: layout.SCORES, parts.corpus_tab: layout.CORPUS}
    for tab, name in tabs.items():
        tab.select(partial(turn_to, name), told, [parts.tab, *drawn], **_PRIVATE)


def _tie_proof(parts: layout.Parts, desk: Desk) -> None:
    """Opening the passage behind a citation, and saving what was said."""
    import gradio as gr

    told = [parts.exchanges, parts.language]

    def open_proof(event: gr.EventData, exchanges: Exchanges, language: str) -> tuple[Any, str, str]:
        panel = desk.open(str(getattr(event, "open", "")), exchanges, in_language(language))
        return gr.Tabs(selected=layout.PROOF), layout.PROOF, panel

    def draw(event: gr.EventData, exchanges: Exchanges, language: str) -> str:
        return desk.draw(str(getattr(event, "open", "")), exchanges, in_language(language))

    def save(event: gr.EventData, exchanges: Exchanges) -> str:
        return desk.save(str(getattr(event, "save", "")), exchanges)

    for part in (parts.conversation, parts.proof, parts.scores, parts.map):
        part.click(open_proof, told, [parts.tabs, parts.tab, parts.proof], concurrency_limit=None, **_PRIVATE)
    parts.picture.click(draw, told, parts.picture, **_PRIVATE)
    for part in (parts.header, parts.conversation):
        part.download(save, parts.exchanges, parts.saved, **_PRIVATE)


def _tie_documents(parts: layout.Parts, desk: Desk) -> None:
    """Adding, listing and removing documents, and what a question can be restricted to."""
    import gradio as gr

    def take_in(dropped: list[str] | None, language: str) -> Iterator[tuple[None, str]]:
        for receipts in desk.take_in(dropped, in_language(language)):
            yield None, receipts

    def fail(language: str) -> str:
        return desk.problem(in_language(language).unexpected)

    def documents(language: str) -> str:
        return desk.documents(in_language(language))

    def remove(event: gr.EventData, language: str) -> str:
        return desk.remove(str(getattr(event, "source", "")), in_language(language))

    def choices(sources: list[str] | None, publishers: list[str] | None) -> tuple[Any, Any]:
        chosen = Scope.chosen(sources, publishers, None, None)
        found = desk.choices(chosen)
        return _offered(found[0], chosen.sources), _offered(found[1], chosen.publishers)

    listing: dict[str, Any] = {"fn": documents, "inputs": parts.language, "outputs": parts.documents}
    added = parts.dropped.upload(
        take_in, [parts.dropped, parts.language], [parts.dropped, parts.receipts], **_WRITING
    )
    added.failure(fail, parts.language, parts.receipts, **_PRIVATE)
    removed = parts.documents.delete(remove, parts.language, parts.receipts, **_WRITING)
    for event in (added.then, removed.then, parts.documents_tab.select):
        event(**listing, **_PRIVATE)
    scope = [parts.sources, parts.publishers]
    parts.choosing.expand(choices, scope, scope, **_PRIVATE)


def _offered(names: Sequence[str], chosen: Sequence[str]) -> Any:
    """Return the update of what can be chosen, ``chosen`` among it. Gradio shows names as they are given."""
    import gradio as gr

    choices = [(untranslated(plain_name(name)), name) for name in names]
    return gr.update(choices=choices, value=list(chosen))


def _values(shown: Shown) -> tuple[Any, ...]:
    """Return the parts that asking changes as gradio takes them, in order."""
    import gradio as gr

    values = (getattr(shown, field.name) for field in fields(shown))
    return tuple(gr.skip() if value is SAME else value for value in values)


def serve(
    corpus: Corpus,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    access: Access = LOCAL,
    llm: Any = None,
    min_confidence: float | None = None,
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Run the page until interrupted, on ``host`` and ``port`` (0: any that is free).

    ``on_ready`` is told the page's address. On ``KeyboardInterrupt`` the page is closed, and the interrupt
    goes on. Raises ``PinciteError`` where the host is not this machine's, or the port cannot be had, and
    ``ValueError`` where others could reach the page and ``access`` does not say who may.
    """
    free_port = _free_port(host)
    privacy.set_environment(host)
    with intake.own_folder() as folder:
        options = privacy.launch_options(host, folder, access)
        with uncollected():
            page = build(corpus, llm=llm, min_confidence=min_confidence)
            page.queue(max_size=privacy.MOST_WAITING_EVENTS)
            try:
                url = endpoints.launch(
                    page,
                    **options,
                    **_look(),
                    server_port=port or free_port,
                    inbrowser=open_browser,
                    inline=False,
                    prevent_thread_lock=True,
                    quiet=True,
                    show_error=False,
                )
            except OSError as error:
                where = f"{host}:{port}"
                raise PinciteError(
                    f"cannot serve the page at {where}, which another program may use: name another --port"
                ) from error
        try:
            with warming(corpus):
                if on_ready is not None:
                    on_ready(url)
                while page.is_running:
                    time.sleep(_TICK_SECONDS)
        finally:
            page.close(verbose=False)


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
    """Return the arguments for gradio's ``launch`` that make the page's look, its words and its script.

    Its fonts are the system's.
    """
    import gradio as gr

    fonts = [gr.themes.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "monospace")]
    theme = gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=fonts, font_mono=mono).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
    )
    css = layout.resource("chat.css") + layout.resource("look.css")
    i18n = gr.I18n(**layout.translations())
    return {"theme": theme, "css": css, "head": layout.script(), "i18n": i18n}
