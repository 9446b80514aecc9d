"""Doors for programs: ``ask``, ``search`` and ``add``, beside the page that people use.

Gradio makes of each an endpoint of its API and a tool of its MCP server, with the types and docstrings that
stand here; docs/programs.md shows the calls. A caller names neither a path of this machine nor an address to
load from: a file is one that was uploaded to gradio before. None of them goes through gradio's queue: what
gradio's MCP server puts there it sends through a client of its own, which reads any file that a tool's
arguments name.
"""

import asyncio
import inspect
import io
import json
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError, validate_call

from pincite.answering import ask
from pincite.answers import Turn
from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.ui import intake, limits, uploads
from pincite.ui.printing import plain

if TYPE_CHECKING:
    import gradio as gr

UNEXPECTED = "Something went wrong here; the window in which pincite runs has the details."
_QUESTIONS_AT_ONCE = 4
_MCP_PATH = "/gradio_api/mcp"
_LOG = logging.getLogger(__name__)

Question = Annotated[str, Field(max_length=limits.MOST_QUESTION_CHARACTERS)]
Passages = Annotated[int, Field(ge=1, le=50)]
Confidence = Annotated[float, Field(ge=0, le=1)]
History = Annotated[list[Turn], Field(max_length=50)]
Text = Annotated[str, Field(max_length=1_000_000)]
Source = Annotated[str, Field(max_length=300)]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file as gradio names one that was uploaded to it; ``meta`` is ``{"_type": "gradio.FileData"}``."""

    path: str
    meta: dict[str, Any]


def add_endpoints(corpus: Corpus, *, llm: Any = None, min_confidence: float | None = None) -> None:
    """Give the page that is being built the endpoints; ``llm`` and ``min_confidence`` are as for ``ask``."""
    import gradio as gr

    doors = _Doors(corpus, llm, min_confidence)
    readers = ThreadPoolExecutor(_QUESTIONS_AT_ONCE, thread_name_prefix="pincite-ask")
    writer = ThreadPoolExecutor(1, thread_name_prefix="pincite-add")
    for door, threads in ((doors.ask, readers), (doors.search, readers), (doors.add, writer)):
        gr.api(_served(door, threads), api_name=door.__name__, queue=False)


def launch(page: "gr.Blocks", **options: Any) -> str:
    """Launch ``page`` as ``page.launch`` does, and return its address.

    Gradio names its MCP server on standard output, however quiet it is to be. Over MCP there are tools and
    nothing else: a prompt that gradio does not know would call its last endpoint.
    """
    from mcp import types

    with redirect_stdout(io.StringIO()):
        _, url, _ = page.launch(**options)
    if page.mcp_server_obj is None:
        _LOG.warning("there are no tools over MCP: %s", page.mcp_error)
        return str(url)
    for request in (
        types.ListPromptsRequest,
        types.GetPromptRequest,
        types.ListResourcesRequest,
        types.ListResourceTemplatesRequest,
        types.ReadResourceRequest,
    ):
        page.mcp_server_obj.mcp_server.request_handlers.pop(request, None)
    return str(url)


class _Doors:
    """What the endpoints do. Their docstrings are for an LLM too, in the form that gradio reads."""

    def __init__(self, corpus: Corpus, llm: Any, min_confidence: float | None) -> None:
        self._corpus = corpus
        self._llm = llm
        self._min_confidence = min_confidence

    def ask(
        self,
        question: Question,
        top_k: Passages = 8,
        where: dict[str, Any] | None = None,
        history: History | None = None,
        min_confidence: Confidence | None = None,
    ) -> dict[str, Any]:
        """Answer a question from the documents of this corpus, with verified citations.

        Use it for any question that these documents may answer. Each citation's quote stands, character for
        character, in its document, at the characters from start up to end. With answered false the documents
        do not say: text is empty, and passages are the nearest that there are.

        Args:
            question: a question in plain words, at most 2,000 characters
            top_k: how many passages are read, 1 to 50
            where: only documents like this: {"source": ["a.pdf"], "date": {"gte": "2025-01"}}; null: all
            history: the turns before, oldest first, at most 50; text is the answer, empty if there was none
            min_confidence: 0 to 1; an answer below it is not given; null: what the server was started with

        Returns:
            an object: text, answered, confidence (0 to 1), claims, passages, notes, seconds
            citations (each with number, document_id, source, address, start, end, quote)
        """
        answer = ask(
            question,
            self._corpus,
            top_k=top_k,
            where=where,
            llm=self._llm,
            history=history or (),
            min_confidence=self._min_confidence if min_confidence is None else min_confidence,
        )
        return answer.to_dict()

    def search(
        self, query: Question, top_k: Passages = 10, where: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Find the passages of this corpus that are nearest to a query, by meaning and by words together.

        Use it to read what the documents say about something; use ask where there is a question to answer.

        Args:
            query: words or a sentence, at most 2,000 characters
            top_k: how many passages come back, 1 to 50
            where: only documents like this: {"source": ["a.pdf"], "date": {"gte": "2025-01"}}; null: all

        Returns:
            a list, best first, of objects: score (higher is nearer)
            passage (with document_id, source, title, address, page, text, start, end: its characters)
        """
        return [plain(hit) for hit in self._corpus.search(query, top_k=top_k, where=where)]

    def add(
        self, text: Text | None = None, source: Source | None = None, file: Uploaded | None = None
    ) -> dict[str, Any]:
        """Add a document to this corpus, so that ask and search find it: text with its source, or a file.

        Use it only where the user wants something kept. Text under a source that is there replaces it. A file
        must have been uploaded to this server before; web addresses and paths are refused.

        Args:
            text: the document's text, at most 1,000,000 characters; Markdown where source ends in .md
            source: the name that citations of the text will show, such as notes/today.md
            file: instead of text and source, an uploaded file: {"path", "meta": {"_type": "gradio.FileData"}}

        Returns:
            an object: source, status (added, unchanged, replaced or failed), reason (why it failed)
            characters, passages, notes (on what could not be read)
        """
        if file is not None:
            if text is not None or source is not None:
                raise ValueError("give either text with its source, or a file")
            return self._add_file(_place(file.path))
        if text is None or source is None:
            raise ValueError("give text with its source, or a file")
        if not source.isprintable():
            raise ValueError(f"source must be one line of printable characters, got {source!r}")
        with uploads.TURN:
            receipt: dict[str, Any] = plain(self._corpus.add_text(text, source=source))
        return receipt

    def _add_file(self, upload: Path) -> dict[str, Any]:
        try:
            receipt: dict[str, Any] = plain(uploads.take_in(upload, self._corpus))
        finally:
            upload.unlink(missing_ok=True)
        return receipt


def _served(door: Callable[..., Any], threads: Executor) -> Callable[..., Awaitable[Any]]:
    """Return ``door`` as gradio calls it: arguments by place, each of the type and size it is declared with.

    What is wrong with a call is told in one line. A tool's result is JSON; gradio would put a Python object's
    ``str`` there.
    """
    import gradio as gr

    checked = validate_call(door)
    signature = inspect.signature(door)
    names = list(signature.parameters)

    @wraps(door)
    async def served(request: gr.Request, *given: Any) -> Any:
        is_tool = _MCP_PATH in request.url.path
        call = partial(_told, checked, **dict(zip(names, given, strict=True)))
        result = await asyncio.get_running_loop().run_in_executor(threads, call)
        if isinstance(result, _Refusal):
            raise ValueError(result.line) if is_tool else gr.Error(result.line, print_exception=False)
        return json.dumps(result, ensure_ascii=False) if is_tool else result

    asks = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    served.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[asks, *signature.parameters.values()]
    )
    served.__annotations__ = {"request": gr.Request, **door.__annotations__}
    return served


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a call has no result."""

    line: str


def _told(door: Callable[..., Any], **arguments: Any) -> Any:
    """Return what ``door`` does, or the reason why it does not, without details that nobody foresaw."""
    try:
        return door(**arguments)
    except ValidationError as error:
        first = error.errors()[0]
        return _Refusal(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except (PinciteError, ValueError) as error:
        return _Refusal(" ".join(str(error).split()))
    except Exception:  # noqa: BLE001 - a program is to see no details, whatever fails; the log has them
        _LOG.exception("%s failed", door.__name__)
        return _Refusal(UNEXPECTED)


def _place(path: str) -> Path:
    """Return ``path`` if gradio keeps an uploaded file there. Raises ValueError for any other."""
    from gradio.utils import get_upload_folder

    place = Path(path).resolve()
    if not place.is_relative_to(Path(get_upload_folder()).resolve()) or not place.is_file():
        raise ValueError(intake.NOT_UPLOADED)
    return place
