"""What can go wrong between here and an LLM: in words, and whether it is worth another try."""

import json
import re

import httpx
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from pincite.servers import MAX_SILENT_SECONDS, ResponseTooLong
from pincite.windows import says_too_long

MAX_WAIT_SECONDS = 20.0
_FIRST_WAIT_SECONDS = 0.5
_BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FAILED = frozenset({500, 501})
_NOT_UNDERSTOOD = frozenset({400, 415, 422})
_HINTS = {
    401: ": is OPENAI_API_KEY right?",
    403: ": may this key use the model?",
    404: ": does the server have this model, and is the address right?",
}
_HUNG_UP = (httpx.RemoteProtocolError, httpx.ReadError)
_SECONDS = re.compile(r"\d{1,9}(?:\.\d+)?")
_LONGEST = 200


def in_words(error: Exception, name: str, key: str) -> str:
    """Return what happened in a sentence that names the server; ``key`` is not in it, whatever is."""
    if is_endless(error):
        cause = error if isinstance(error, ResponseTooLong) else error.__cause__
        return f"{name} did not come to an end: {cause}"
    if isinstance(error, APITimeoutError | httpx.TimeoutException):
        return f"{name} gave no answer within {MAX_SILENT_SECONDS:.0f} seconds"
    if isinstance(error, APIStatusError):
        return f"{name} did not answer: HTTP {error.status_code}, {_message(error, key)}" + _hint(error)
    if isinstance(error, _HUNG_UP):
        return f"{name} broke off in the middle of its answer"
    if isinstance(error.__cause__, _HUNG_UP):
        return f"{name} closed the connection without an answer"
    if isinstance(error, APIConnectionError):
        return f"{name} cannot be reached: is the server running?"
    if isinstance(error, json.JSONDecodeError):
        return f"{name} did not answer: what it sent is no JSON"
    if isinstance(error, APIError):
        return f"{name} did not answer: {_message(error, key)}"
    return f"{name} did not answer: {type(error).__name__}, {_short(str(error), key)}"


def seconds_to_wait(error: Exception, tries: int) -> float | None:
    """Return how long to wait before asking again after so many tries, or None where that would not help: the
    server did not fail, or it wants to be left alone for longer than anybody would wait.
    """
    wait = _FIRST_WAIT_SECONDS * float(2**tries)
    if isinstance(error.__cause__, _HUNG_UP):
        return wait
    if not isinstance(error, APIStatusError) or error.status_code not in _BUSY:
        return None
    wanted = error.response.headers.get("retry-after")
    if wanted and _SECONDS.fullmatch(wanted):  # it may be a date, which is not worth the trouble
        wait = float(wanted)
    return wait if wait <= MAX_WAIT_SECONDS else None


def is_not_understood(error: Exception) -> bool:
    """Whether a server refused the form of a request: not every one knows every option."""
    return isinstance(error, APIStatusError) and error.status_code in _NOT_UNDERSTOOD


def is_failure(error: Exception) -> bool:
    """Whether a server failed at a request, which it may not at a simpler one."""
    return isinstance(error, APIStatusError) and error.status_code in _FAILED


def is_endless(error: Exception) -> bool:
    """Whether a reply was broken off here because it went on for too long."""
    return isinstance(error, ResponseTooLong) or isinstance(error.__cause__, ResponseTooLong)


def is_too_long(error: Exception) -> bool:
    """Whether a server says that the prompt does not fit its model's window."""
    if isinstance(error, APIStatusError) and error.status_code not in _NOT_UNDERSTOOD | {413, 500}:
        return False
    return says_too_long(str(error))


def _hint(error: APIStatusError) -> str:
    wanted = error.response.headers.get("retry-after")
    if error.status_code == 429 and wanted and _SECONDS.fullmatch(wanted):
        return f" (it asks to wait for {wanted} seconds)"
    return _HINTS.get(error.status_code, "")


def _message(error: APIError, key: str) -> str:
    """Return what a server says of an error; there are several places where servers say it."""
    body = error.body if isinstance(error.body, dict) else {"message": error.body}
    said = body.get("message") or body.get("detail")
    return _short(said if isinstance(said, str) else str(error), key)


def _short(text: str, key: str) -> str:
    whole = " ".join(text.split())
    return (whole.replace(key, "…") if key else whole)[:_LONGEST]
