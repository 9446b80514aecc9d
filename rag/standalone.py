"""Makes a follow-up question stand alone by rules, so that it can be searched for: "and when?".

What a pronoun, "the bank", a bare "when?" or "what about …?" leans on is carried over from the last turn that
was answered: the answer where that names something, else what the question was about. The rules are for
English (``follow_ups``) and Chinese (``chinese_follow_ups``); a question in another language, and one that
leans on nothing, stay as they are. What an LLM does instead is in ``rewriting``.
"""

from collections.abc import Sequence

from pincite import chinese_follow_ups, follow_ups
from pincite.answers import Subjects, Turn
from pincite.index.language import script_of


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return ``question`` with what it leans on put into it, told by rules from the ``history``.

    >>> standalone("and how many did it build?", [Turn("Which bank built internal tools?", "OCBC Bank")])
    'how many internal tools did OCBC Bank build?'
    """
    known: Turn | None = None
    for turn in history:
        one = Turn(_resolved(turn.question, known), turn.text)
        if turn.text.strip() or known is None or not known.text.strip():
            known = one
    return _resolved(question, known)


def _resolved(question: str, before: Turn | None) -> str:
    if before is None:
        return question
    if script_of(question) == "han":
        return chinese_follow_ups.resolved(question, before, _subjects(before))
    return follow_ups.resolved(question, before, _subjects(before))


def _subjects(turn: Turn) -> Subjects:
    if script_of(turn.question) == "han":
        return chinese_follow_ups.subjects(turn)
    return follow_ups.subjects(turn)
