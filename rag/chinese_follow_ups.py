"""The rules of ``standalone`` for Chinese: what a question leans on, and how it is put into it."""

import re

from pincite.answers import Subjects, Turn
from pincite.index.language import HAN
from pincite.questions import Question

_LEAD = re.compile(r"^(?:那么|那|还有|另外|以及|然后|而且|而|但是|请问|所以)+[，,、\s]*")
_ABOUT = re.compile(r"^(.+?)呢[？?]?$")
_ASKS = re.compile(
    r"[在于由]?(?:什么时候|什么时间|什么地方|什么人|什么|何时|何处|何|哪[一几]?[年月日天个家位些里儿]?|多少|多久"
    r"|多[大高长]|几[个年月日号人家]?|为什么|为何|怎么样|怎么|怎样|如何|谁|吗|呢)"
)
_PRONOUN = re.compile(
    r"它们|他们|她们|(?<!其)它|(?<![其吉])他(?![人国们乡])|她|其(?![他它实中余次])"
    r"|该(?:公司|组织|机构|银行|项目|产品|合作社|企业|集团|大学|医院)"
)
_AFTER_TOPIC = re.compile(r"[是在有于由被会能将共从的]|成立|创办|开始|一共|总共")
_FIRST_VERB = re.compile(rf"[了过着](?=[{HAN}0-9])")
_WHICH_OF_A_KIND = re.compile(r"^哪[家个座所位间支款]")
_NAMED = ("who", "where", "which", "what")
_LONGEST_NAME = 12
_LONGEST_KIND = 4
_MARKS = "？?。.！!，,、 \t\n"


def resolved(question: str, before: Turn, subjects: Subjects) -> str:
    """Return ``question`` with what it leans on in the turn before put into it."""
    bare = _LEAD.sub("", question.strip())
    if not bare.strip(_MARKS + "呢"):
        return question
    asked = _ASKS.sub("", re.sub(r"呢[？?]?$", "", bare)).strip(_MARKS + "是有的了")
    about = _ABOUT.match(bare)
    if about and asked and not (_ASKS.search(about[1]) or _PRONOUN.search(bare)):
        return _about(about[1], before.question, subjects)
    if not asked:
        said = _ASKS.sub("", _stated(before.question, subjects.answer)).strip(_MARKS)
        return f"{said.replace('是', '', 1).rstrip('的')}{bare}"
    named = _PRONOUN.sub(lambda match: _name_for(match[0], before, subjects), bare, count=1)
    return question if named == bare else named


def subjects(turn: Turn) -> Subjects:
    """Return what a turn's answer names, and what its question is about; empty where there is no such
    thing.
    """
    return Subjects(_named_in_answer(turn), _topic(turn.question))


def _name_for(pronoun: str, before: Turn, subjects: Subjects) -> str:
    is_answer_meant = pronoun[0] in "他她" or _WHICH_OF_A_KIND.match(_LEAD.sub("", before.question.strip()))
    first, second = subjects.answer, subjects.topic
    name = (first or second) if is_answer_meant else (second or first)
    return f"{name}的" if name and pronoun == "其" else name or pronoun


def _about(other: str, question: str, subjects: Subjects) -> str:
    """Return the earlier question, asked of something else."""
    stated = _stated(question, subjects.answer)
    if subjects.answer and stated.startswith(subjects.answer):
        return stated.replace(subjects.answer, other, 1)
    if subjects.topic and subjects.topic in question:
        return question.replace(subjects.topic, other, 1)
    return other + _ASKS.sub("", question)


def _stated(question: str, answer: str) -> str:
    """Return a question with the answer for "who" or "which bank", where that is a name."""
    told = _LEAD.sub("", question.strip())
    which = _WHICH_OF_A_KIND.match(told)
    if answer and which:
        lengths = range(_LONGEST_KIND, 0, -1)
        kind = next((n for n in lengths if answer.endswith(told[which.end() : which.end() + n])), 0)
        return answer + told[which.end() + kind :]
    if answer and (asked := _ASKS.match(told)):
        return answer + told[asked.end() :]
    return told


def _named_in_answer(turn: Turn) -> str:
    """Return the answer where it is a name and not a sentence."""
    answer = turn.text.strip(_MARKS)
    is_name = 0 < len(answer) <= _LONGEST_NAME and not re.search(r"[，。；,;\d]", answer)
    return answer if is_name and Question.of(turn.question).kind in _NAMED else ""


def _topic(question: str) -> str:
    """Return what a question begins with, or what its verb is about where it begins by asking."""
    told = _LEAD.sub("", question.strip())
    asked = _ASKS.search(told)
    begins = told[: asked.start()] if asked else told
    if not begins.strip(_MARKS):  # "谁创办了合作社?"
        verb = _FIRST_VERB.search(told)
        return told[verb.end() :].strip(_MARKS) if verb else ""
    after = _AFTER_TOPIC.search(begins)
    return begins[: after.start() if after and after.start() else len(begins)].strip(_MARKS)
