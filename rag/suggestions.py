"""A question made from a sentence, before it is known whether it is answered well.

``english_suggestions`` and ``chinese_suggestions`` make them by rules, ``suggesting`` proves and picks them.
"""

import re
from dataclasses import dataclass

from pincite.index.language import HAN

LONGEST = 90
"""The most characters of a question that is shown."""

_PLAIN = re.compile(rf"[A-Za-z0-9À-ÖØ-öø-ÿ{HAN} ,.'’&%£€$·《》?？-]+")
_STEERS = re.compile(
    r"\b(?:ignor\w+|disregard\w*|forget|instruct\w*|prompts?|assistants?|chatbots?|passwords?"
    r"|credentials?|reveal\w*|click|download|override\w*|jailbreak\w*|respond|reply|https?|www|script"
    r"|javascript|api|token)\b|[a-z]\.[a-z]{2,}|忽略|无视|無視|指令|提示[词詞]|密码|密碼|助手|点击|點擊|下载|下載"
    r"|系统提示",
    re.IGNORECASE,
)
_NAME = re.compile(rf"(?<!^)[A-Z]|[{HAN}]")
_LONG_NUMBER = re.compile(r"\d[\d ,.-]{6,}")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question with the words of the sentence that it asks away.

    ``kind`` is the rule's, so that not all that are shown are of one; ``rank`` is lower for rules that err
    less. ``subject`` is what it asks about. ``is_exact`` says that an answer must have the words of ``told``
    all together, and not only a part of them.
    """

    question: str
    told: str
    subject: str
    kind: str
    rank: int
    is_exact: bool = True

    @property
    def is_named(self) -> bool:
        """Whether it has a name in it, as far as can be told: a capital after the first word, or Chinese."""
        return _NAME.search(self.question) is not None


def steers(text: str) -> bool:
    """Whether a text has words of those that are meant for a machine, or an address."""
    return _STEERS.search(text) is not None


def is_showable(question: str) -> bool:
    """Whether a question is of plain words, short, and free of words that steer a reader or an LLM."""
    return (
        len(question) <= LONGEST
        and _PLAIN.fullmatch(question) is not None
        and not steers(question)
        and not _LONG_NUMBER.search(question)
    )
