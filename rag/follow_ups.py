"""The rules of ``standalone`` for English: what a question leans on, and how it is put into it.

A pronoun is left alone where it refers to something in its own question, as far as its grammar tells: "Which
company said that it would close?". It mostly does where a clause, or for "its" a verb, parts the two.
"""

import re

from pincite.answers import Subjects, Turn
from pincite.index.tokens import STOP_WORDS, fold, query_words, terms_of
from pincite.questions import Question

_LEAD = re.compile(r"^\W*(?:(?:and|but|so|then|also|or)\b[\s,]*)+", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:what|how)\s+about\s+(.+?)[\s?.!]*$", re.IGNORECASE)
_ALL = re.compile(r"(.+?)[\s?.!]*$")
_MOST_WORDS_ABOUT = 6
_WH = re.compile(
    r"\b(?:how\s+(?:many|much|long|old|far|often|big|high|large)|who(?:m|se)?|what|which|when|where|why|how)\b",
    re.IGNORECASE,
)
_AUXILIARY = r"(?:is|are|was|were|did|does|do|has|have|had|can|could|will|would|should|may|might|must)"
_VERB = re.compile(rf"\b{_AUXILIARY}\b", re.IGNORECASE)
_BARE = re.compile(
    r"^((?:how\s+)?\w+)\s+(?:did|does|do|will|would|can)\s+(?:it|he|she|they)\W*$", re.IGNORECASE
)
_OTHER_LANGUAGE = re.compile(
    r"\b(?:wer|wie|wann|wo|warum|welche\w*|der|das|und|ist|viele|sie|qui|quand|quel\w*|est|les|pour|quién|cuándo"
    r"|cuál\w*|dónde|para|los|las)\b",
    re.IGNORECASE,
)

_PRONOUN = re.compile(
    r"(?<![\w\"“'‘])(?:(?P<person>he|she|him|his|hers|her)|(?P<thing>it|its)"
    r"|(?P<many>(?<!of )(?:they|them|their|theirs)))(?![\w\"”'’])",
    re.IGNORECASE,
)
_POSSESSIVES = frozenset("his hers its their theirs".split())
_NOBODYS = re.compile(
    r"\bit\s+(?:rain|snow|seem|appear)\w*|\bis it (?:rain|snow|true|possible|time)\w*|\bwhat time is it"
)
_THAT = re.compile(rf"(\b{_AUXILIARY}\s+)(?:this|that|these|those)(?=\s*(?:[?.!]|$))", re.IGNORECASE)
_PLACE = re.compile(r"(?<!is )(?<!are )(?<!was )(?<!were )\bthere(?=\s*(?:[?.!]|$))", re.IGNORECASE)
_ANTECEDENT = re.compile(
    rf"\b(?:(?i:an?|the|each|every|any|some|no)\s+[a-z][\w-]*|(?i:which|what)\s+(?!{_AUXILIARY}\b)[a-z][\w-]*"
    r"|people|everyone|everybody|someone|somebody|anyone|anybody|nobody)\b"
)
_SUBORDINATOR = re.compile(
    r"\b(?:that|when|if|because|after|before|while|until|once|whether|and|but|as|since|unless)\b"
)
_PREPOSITIONS = frozenset(
    "of for in at to from with on about behind by under over into the a an its their".split()
)
_NO_NOUN = re.compile(rf"\bhow\s+(?:many|much)\s+(?={_AUXILIARY}\b)", re.IGNORECASE)

_NAME = re.compile(
    r"\b[A-Z][\w'’&.-]*(?:\s+(?:(?:of|the|de|and|&)\s+)?(?:[A-Z0-9][\w'’&-]*|[A-Z]\.))*(?<![.'’&-])"
)
_WHICH = re.compile(r"\b(?:which|what)\s+([a-z][\w-]*)", re.IGNORECASE)
_DETERMINER = re.compile(r"\b(?:the|a|an|this|that|our|my)\s+", re.IGNORECASE)
_PLAIN_VERB = re.compile(r"\s+(?:have|be|do)\b")
_ASKS_BY_VERB = re.compile(r"\b(?:did|does|do|can|could|will|would|should)\s*$", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"(?:in|on|at|for|by|to|from|with|during|after|before|since|until)\s+", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_TIME = re.compile(r"\b(?:year|quarter|month|week|day|decade|century)\b|\b(?:1\d|20)\d\d\b")
_WORD = re.compile(r"[^\W_][\w'’-]*")
_PARTICIPLE = re.compile(
    r"\w+ed$|(?:re)?built$|made$|sold$|found$|held$|written$|born$|known$|given$|taken$|paid$|won$|lost$|set$"
)
_NAMED = ("who", "where", "which", "what")
_MOST_WORDS_OF_A_NAME = 8


def resolved(question: str, before: Turn, subjects: Subjects) -> str:
    """Return ``question`` with what it leans on in the turn before put into it."""
    bare = _LEAD.sub("", question.strip())
    if _OTHER_LANGUAGE.search(question) and not _WH.search(bare):
        return question
    if not _WORD.search(bare):
        return before.question if _WORD.search(question) else question
    about = _ABOUT.match(bare)
    is_led = bare != question.strip() and len(bare.split()) <= _MOST_WORDS_ABOUT
    if about is None and is_led and not (_WH.search(bare) or _VERB.search(bare)):
        about = _ALL.match(bare)
    if about:
        return _about(_with_names(about[1], before, subjects), before.question.strip(), subjects)
    if match := _BARE.match(bare):
        return f"{match[1]} {_stated(before)}?"
    if not any(word not in STOP_WORDS for word in query_words(bare)) and not _leans(bare):
        return f"{bare.rstrip(' ?.!')} {_stated(before)}?"
    named = _with_names(bare, before, subjects)
    if named == bare:
        return question
    noun = _counted_noun(before.question)
    return _NO_NOUN.sub(lambda match: f"{match[0]}{noun} " if noun else match[0], named)


def subjects(turn: Turn) -> Subjects:
    """Return what a turn's answer names, and what its question is about; empty where there is no such
    thing.
    """
    return Subjects(_named_in_answer(turn), _topic(turn.question))


def _leans(question: str) -> bool:
    return any(pattern.search(question) for pattern in (_PRONOUN, _THAT, _PLACE))


def _with_names(question: str, before: Turn, subjects: Subjects) -> str:
    """Return the question with names for its pronouns, and for "the bank" after "which bank …?"."""
    answer, topic = subjects.answer, subjects.topic
    is_person = Question.of(before.question).kind == "who"

    def named(match: re.Match[str]) -> str:
        if _is_bound(question, match):
            return match[0]
        kind = match.lastgroup
        name = (answer or topic) if (kind == "many" or is_person == (kind == "person")) else (topic or answer)
        word = match[0].lower()
        is_owner = word in _POSSESSIVES or (word == "her" and re.match(r"\s+\w", question[match.end() :]))
        return (f"{name}'s" if is_owner else name) if name else match[0]

    found = _PRONOUN.sub(named, question)
    name = answer or topic
    if name and found == question:
        found = _THAT.sub(lambda match: f"{match[1]}{name}", found)
        found = _PLACE.sub(lambda _: f"at {name}", found)
    for noun in _heads(before.question) if answer else ():
        the = re.compile(rf"\b(?:the|this|that)\s+{re.escape(noun)}\b(?!\s+of\b)", re.IGNORECASE)
        found = the.sub(lambda _: answer, found, count=1)
    return found


def _is_bound(question: str, pronoun: re.Match[str]) -> bool:
    """Whether a pronoun refers to something in its own question, or to nothing at all."""
    word, before = pronoun[0], question[: pronoun.start()]
    own_name = _NAME.search(question, 1)
    if (own_name and own_name.start() < pronoun.start()) or (word.isupper() and len(word) > 1):
        return True
    if word.lower() == "it" and _NOBODYS.search(question.lower()):
        return True
    for antecedent in _ANTECEDENT.finditer(before):
        between = before[antecedent.end() :]
        if _SUBORDINATOR.search(between):
            return True
        words = [one.lower() for one in _WORD.findall(between)]
        is_verb_between = any(one not in _PREPOSITIONS for one in words) and not _VERB.fullmatch(words[-1])
        if word.lower() in _POSSESSIVES and is_verb_between:
            return True
    return False


def _about(other: str, question: str, subjects: Subjects) -> str:
    """Return the earlier question, asked of something else."""
    bare, shorter = question.rstrip(" ?.!"), _PREPOSITION.sub("", other, count=1)
    if _YEAR.fullmatch(shorter) and _YEAR.search(question):
        return _YEAR.sub(shorter, question, count=1)
    if _PREPOSITION.match(other) or not (subjects.topic or subjects.answer):
        return f"{bare} {other}?"
    if _TIME.search(other):
        return f"{bare} in {other}?"
    topic = (_noun(question) or subjects.topic) if _DETERMINER.match(other) else subjects.topic
    if topic and topic in question:
        return question.replace(topic, other, 1)
    return _WHICH.sub(lambda _: other, question, count=1)


def _named_in_answer(turn: Turn) -> str:
    """Return what the answer names; empty where it names nothing that a pronoun could stand for."""
    answer = turn.text.strip().rstrip(".。;；")
    if Question.of(turn.question).kind not in _NAMED:
        return ""
    names = [match for match in _NAME.finditer(answer) if fold(match[0]) not in STOP_WORDS]
    if not names:
        return ""
    is_short = len(answer.split()) <= _MOST_WORDS_OF_A_NAME and not re.search(r"[.!?;]\s", answer)
    is_sentence = _VERB.search(answer) or turn.text.strip().endswith(".")
    if is_short and not is_sentence:
        return answer
    asked = set(terms_of(turn.question))
    return next((match[0] for match in names if not set(terms_of(match[0])) <= asked), "")


def _topic(question: str) -> str:
    """Return what a question is about: a name in it, or the first noun with its article."""
    names = [match[0] for match in _NAME.finditer(question, 1) if not _WH.fullmatch(match[0])]
    return max(names, key=len) if names else _noun(question)


def _noun(question: str) -> str:
    """Return the first noun with its article, and what stands between them."""
    found = _DETERMINER.search(question)
    if found is None:
        return ""
    words: list[re.Match[str]] = []
    for word in _WORD.finditer(question, found.end()):
        if fold(word[0]) in STOP_WORDS or (words and question[words[-1].end() : word.start()].strip()):
            break
        words.append(word)
    rest = question[words[-1].end() :] if words else ""
    is_before_verb = _ASKS_BY_VERB.search(question[: found.start()]) and not _PLAIN_VERB.match(rest)
    if len(words) > 1 and (is_before_verb or _PARTICIPLE.search(words[-1][0])):
        words.pop()
    return question[found.start() : words[-1].end()] if words else ""


def _heads(question: str) -> list[str]:
    """Return the noun after "which" or "what", as it stands: "bank" of "which bank"."""
    match = _WHICH.search(question)
    return [match[1]] if match and fold(match[1]) not in STOP_WORDS else []


def _counted_noun(question: str) -> str:
    """Return what may be counted in a question: its last words, after any number."""
    words: list[str] = []
    for word in reversed(_WORD.findall(question)):
        if fold(word) in STOP_WORDS or word[0].isdigit() or _PARTICIPLE.search(word):
            break
        words.insert(0, word)
    return " ".join(words[-3:])


def _stated(turn: Turn) -> str:
    """Return a turn's question as a statement: the answer, where that is a name, for its question word."""
    answer, question = _named_in_answer(turn), _LEAD.sub("", turn.question).rstrip(" ?.!")
    if answer and _heads(question) and _WHICH.match(question):
        return _WHICH.sub(lambda _: answer, question, count=1)
    if answer and re.match(r"who\b", question, re.IGNORECASE):
        return re.sub(r"^\w+", lambda _: answer, question)
    return " ".join(_WH.sub("", question).split())
