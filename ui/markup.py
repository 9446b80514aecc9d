"""Text of documents and people as HTML: shown as it stands, never taken for markup.

No Markdown, no LaTeX, no links: what the page shows passes one of these. The marks by which text can change
the direction of what follows it are kept where sentences need them, inside an element that isolates them, and
left out of names, where they serve only to deceive.
"""

import html
import re

from pincite.index.language import HAN, KANA

_EAST_ASIAN = rf"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef]"
_BREAK_BETWEEN_CHARACTERS = re.compile(rf"(?<={_EAST_ASIAN})[ \t]*\n\s*(?={_EAST_ASIAN})")
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_TRANSLATED, _UNTRANSLATED = "__i18n__", "__i18n\u2060__"


def escape(text: str) -> str:
    """Return ``text`` for use between tags and in attributes."""
    return html.escape(text, quote=True)


def folded(text: str) -> str:
    """Return ``text`` on one line. A line break between Chinese or Japanese characters leaves no space.

    >>> folded("hard\\n  breaks")
    'hard breaks'
    """
    return " ".join(_BREAK_BETWEEN_CHARACTERS.sub("", text).split())


def shown_name(text: str) -> str:
    """Return a file's name, a title or an address as an element of its own, without what is unseen in it.

    >>> shown_name("notes\\u202efdp.exe")
    '<bdi>notesfdp.exe</bdi>'
    """
    return f"<bdi>{escape(plain_name(text))}</bdi>"


def plain_name(text: str) -> str:
    """Return a name on one line, without control characters and marks of direction: not escaped."""
    return _UNSEEN.sub("", folded(text))


def untranslated(text: str) -> str:
    """Return ``text`` for a part of gradio's that translates what looks like the name of a translation: an
    unseen character keeps it as it is. In HTML it is kept by its quotes, which are escaped.
    """
    return text.replace(_TRANSLATED, _UNTRANSLATED)


def as_written(text: str) -> str:
    """Return ``text`` as it was before ``untranslated``.

    >>> as_written(untranslated("__i18n__{}"))
    '__i18n__{}'
    """
    return text.replace(_UNTRANSLATED, _TRANSLATED)


def last_part(source: str) -> str:
    """Return the name of a file, or of what is in one, without where it is: not escaped."""
    return source.rsplit("/", 1)[-1]


def beginning(text: str, most_characters: int) -> str:
    """Return the first words of ``text``, with "…" where it goes on."""
    line = folded(text)
    if len(line) <= most_characters:
        return line
    return re.sub(r"\s+\S{0,40}\Z", "", line[:most_characters]) + " …"
