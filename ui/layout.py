"""What stands where on the page. Asking is on the left; on the right are the proof and the documents.

``lay_out`` is called once, inside gradio's ``Blocks``; ``chat`` ties events to the ``Parts`` that come of it.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Any

from pincite.ui import conversation, proof, uploads
from pincite.ui.limits import MOST_QUESTION_CHARACTERS
from pincite.ui.words import CHINESE, ENGLISH, Words

GRADIOS_WORDS = tuple(
    "question placeholder ask stop all_documents only_documents only_publishers since until date_form"
    " proof scores_tab corpus_tab documents add".split()
)
"""The texts that gradio's own parts show; all others are in HTML of ours."""
PROOF = "proof"
SCORES = "scores"
CORPUS = "corpus"
DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class Parts:
    """The page's components, each a gradio one.

    ``language``, ``exchanges``, ``underway``, ``starter`` and ``tab``, the one that is open, are what gradio
    keeps for each session; a change of ``starter`` asks what is in ``question``.
    """

    language: Any
    exchanges: Any
    underway: Any
    starter: Any
    tab: Any
    header: Any
    conversation: Any
    suggestions: Any
    pending: Any
    question: Any
    ask: Any
    stop: Any
    hint: Any
    choosing: Any
    sources: Any
    publishers: Any
    since: Any
    until: Any
    saved: Any
    tabs: Any
    proof_tab: Any
    proof: Any
    picture: Any
    scores_tab: Any
    scores: Any
    corpus_tab: Any
    map: Any
    figures: Any
    documents_tab: Any
    dropped: Any
    receipts: Any
    documents: Any


def lay_out(texts: Any) -> Parts:
    """Make the page's components; ``texts`` is the ``gr.I18n`` that their labels are looked up in."""
    import gradio as gr

    made: dict[str, Any] = {
        "language": gr.State(ENGLISH.code),
        "exchanges": gr.State(()),
        "underway": gr.State(None),
        "starter": gr.State(0),
        "tab": gr.State(PROOF),
        "header": _html(header(ENGLISH), "pc-name", "startHeader(element, trigger);"),
    }
    with gr.Row(elem_id="pc-desk"):
        with gr.Column(elem_id="pc-left", min_width=280):
            made |= _talk() | _asking(texts) | _choosing(texts)
            made["saved"] = _html("", "pc-saved", "startSaving(element, watch);")
        with gr.Column(elem_id="pc-right", min_width=280):
            made |= _tabs(texts)
    return Parts(**made)


def _talk() -> dict[str, Any]:
    """Make what was said, beginning with a welcome."""
    import gradio as gr

    start = "startConversation(element, trigger, watch);"
    with gr.Column(elem_id="pc-talk"):
        return {
            "conversation": _html(conversation.conversation(()), "pc-conversation", start),
            "suggestions": _html("", "pc-suggestions", "startSuggestions(element, trigger);"),
            "pending": _html("", "pc-pending", "startPending(element, watch);"),
        }


def _asking(texts: Any) -> dict[str, Any]:
    """Make the question's box and its buttons."""
    import gradio as gr

    with gr.Row(elem_id="pc-ask"):
        question = gr.Textbox(
            label=texts("question"),
            show_label=False,
            container=False,
            placeholder=texts("placeholder"),
            max_lines=6,
            max_length=MOST_QUESTION_CHARACTERS,
            autofocus=True,
            elem_id="pc-question",
            scale=1,
        )
        ask = gr.Button(texts("ask"), variant="primary", elem_id="pc-button", scale=0, min_width=84)
        stop = gr.Button(texts("stop"), elem_id="pc-stop", scale=0, min_width=84)
    return {"question": question, "ask": ask, "stop": stop, "hint": _html("", "pc-hint")}


def _choosing(texts: Any) -> dict[str, Any]:
    """Make what a question can be restricted by."""
    import gradio as gr

    with gr.Accordion(texts("all_documents"), open=False, elem_id="pc-choosing") as choosing:
        with gr.Row():
            sources = _choice(texts("only_documents"), "pc-sources")
            publishers = _choice(texts("only_publishers"), "pc-publishers")
        with gr.Row():
            since = _date(texts("since"), texts("date_form"), "pc-since")
            until = _date(texts("until"), texts("date_form"), "pc-until")
    chosen = {"sources": sources, "publishers": publishers, "since": since, "until": until}
    return {"choosing": choosing, **chosen}


def _tabs(texts: Any) -> dict[str, Any]:
    """Make what is looked at beside the conversation: the proof first."""
    import gradio as gr

    made: dict[str, Any] = {}
    with gr.Tabs(elem_id="pc-tabs", selected=PROOF, overflow_behavior="wrap") as made["tabs"]:
        with gr.Tab(texts("proof"), id=PROOF) as made["proof_tab"]:
            made["proof"] = _html(proof.nothing_open(), "pc-proof", "startProof(element, trigger, watch);")
            made["picture"] = _html("", "pc-picture", "startPicture(element, trigger, watch);")
        with gr.Tab(texts("scores_tab"), id=SCORES) as made["scores_tab"]:
            made["scores"] = _html("", "pc-scores", "startLook(element, trigger);")
        with gr.Tab(texts("corpus_tab"), id=CORPUS) as made["corpus_tab"]:
            made["map"] = _html("", "pc-map", "startMap(element, trigger, watch);")
            made["figures"] = _html("", "pc-figures")
        with gr.Tab(texts("documents"), id=DOCUMENTS) as made["documents_tab"]:
            made["dropped"] = gr.File(
                label=texts("add"),
                file_count="multiple",
                file_types=sorted(uploads.ACCEPTED),
                height=130,
                elem_id="pc-drop",
            )
            made["receipts"] = _html("", "pc-receipts")
            made["documents"] = _html("", "pc-list", "startDocuments(element, trigger);")
    return made


def header(words: Words) -> str:
    """Return the page's name, and what can be done with the conversation as a whole."""
    return (
        f'<header lang="{words.code}"><h1>pincite <small>{words.tagline}</small></h1>'
        f'<div class="pc-tools">{conversation.save_menu("all", words)}'
        f'<button type="button" data-new="yes">{words.new}</button></div></header>'
    )


def translations() -> dict[str, dict[str, str]]:
    """Return the texts of gradio's own parts, by the names under which a browser may want them."""
    english, chinese = ({key: getattr(words, key) for key in GRADIOS_WORDS} for words in (ENGLISH, CHINESE))
    return {"en": english, "zh": chinese, "zh-CN": chinese, "zh-TW": chinese}


def resource(name: str) -> str:
    """Return the text of a file that comes with this room."""
    return resources.files("pincite.ui").joinpath(name).read_text(encoding="utf-8")


def script() -> str:
    """Return what goes into the page's head: its script, once for all parts, there before they start."""
    return f"<script>{resource('chat.js')}\n{resource('map.js')}</script>"


def _choice(label: Any, elem_id: str) -> Any:
    import gradio as gr

    return gr.Dropdown([], multiselect=True, label=label, min_width=180, elem_id=elem_id)


def _date(label: Any, form: Any, elem_id: str) -> Any:
    import gradio as gr

    return gr.Textbox(
        label=label, placeholder=form, max_lines=1, max_length=20, min_width=180, elem_id=elem_id
    )


def _html(value: str, elem_id: str, start: str = "") -> Any:
    """Return a part that shows HTML of ours, with the call of the page's script that starts it there."""
    import gradio as gr

    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=start or None)
