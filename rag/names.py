"""Finds the names in a text that other texts do not have: people, places, bodies, works.

In English a name is what is capitalised within a sentence; it is known by its words in any case, by its
initials ("UN" for United Nations), or as the country of an adjective ("Bolivian" for Bolivia). At the start
of a sentence it is one where a verb follows and it does not look like a common noun. In Chinese, which marks
no names, only works in 《》, Latin words, and a body or a place of the same kind under another name (华侨银行
for 星展银行) are told. German, which capitalises every noun, is left alone.
"""

import re
from collections.abc import Iterable, Iterator

from pincite.index.language import HAN
from pincite.index.tokens import STOP_WORDS, fold, terms_of

_WORD = re.compile(r"[^\W\d_][\w'’.&-]*(?<![.'’&-])|[^\W\d_]")
_NEAR = 4
_SENTENCE = re.compile(r"(?:[.!?:;]\s+|[\"“‘(]\s*)$")
_LIKELY_NAME = re.compile(
    r"(?!(?:According|Accord|Nobody|Everybody|Anybody|Everyone|Someone|Anyone|People|Neither|Either|Each|Both|Most"
    r"|Many|Several|Another|Other|Others|Half|Work|Research|Water|However|Therefore|Thus|Today|Until|Since"
    r"|Never|Always|Nothing|Everything|Something|What|Whoever|Whether)\b)"
    r"[A-Z][\w-]{3,}(?<!s|y)(?<!ing|ion|age)(?<!ment|ness|ance|ence)$"
)
_VERB = re.compile(
    r"(?:is|are|was|were|has|have|had|did|does|do|can|could|will|would|should|may|might|must|won|lost|made|said|says"
    r"|bought|sold|ran|wrote|built|took|gave|became|got|held|led|met|paid|\w+[^e]ed)$"
)
_POSSESSIVE = re.compile(r"['’]s?$")
_SHOUTED = re.compile(r"(?=.*[A-Z].*[A-Z0-9]|.*[a-z][A-Z])[\w&.-]{2,}$")
_NO_NAMES = frozenset(
    "i january february march april may june july august september october november december monday tuesday"
    " wednesday thursday friday saturday sunday mr mrs ms dr prof sir".split()
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|nicht|von|mit|ein|eine|wurde|werden|für|auf)\b")
_ADJECTIVE = re.compile(r"(?:ians?|eans?|ans?|ns?|ish|ese|ic|i|s)$")
_LEAST_ROOT = 3
_LONGEST_ENDING = 3
_COUNTRIES = (
    "united states usa us america american americans",
    "united kingdom uk britain british briton britons",
    "netherlands dutch holland",
    "france french",
    "spain spanish spaniard spaniards",
    "poland polish pole poles",
    "finland finnish finn finns",
    "denmark danish dane danes",
    "sweden swedish swede swedes",
    "ireland irish",
    "wales welsh",
    "switzerland swiss",
    "turkey turkish turk turks türkiye",
    "greece greek greeks",
    "norway norwegian norwegians",
    "thailand thai thais",
    "philippines filipino filipinos",
    "germany german germans",
    "europe european europeans eu",
    "scotland scottish scots",
)
_ALIAS = {word: names.split() for names in _COUNTRIES for word in names.split()}

_WORK = re.compile(r"《([^》]{1,40})》")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9.&-]+")
_KINDS_IN_CHINESE = (
    "银行|公司|集团",
    "大学|学院",
    "医院|法院|委员会",
    "教授|博士|先生|女士|总统|总理|主席|部长|市长|省长",
    "省|市|县|州|镇|村",
    "河|江|湖|山|岛|海|洋",
)
_NO_PART_OF_A_NAME = frozenset(
    "的家个该那此本在是由于和与及这各每全整一二三四五六七八九十两几多某另其他她它某所座条名位级大小新老城出上下到从向"
)
_BY_IN_CHINESE = re.compile(
    rf"(?:由|叫|名叫|请)([{HAN}]{{2,3}})(?=带|负责|主持|创办|领导|担任|建|设计|发明|提出|执导|创立)"
)


def new_names(text: str, known: Iterable[str]) -> list[str]:
    """Return the names in ``text`` that none of the ``known`` texts has.

    >>> new_names("The mine in Peru is Bolivian.", ["Bolivia's government nationalised the mine."])
    ['Peru']
    """
    others = " \n ".join(known)
    return [*_in_english(text, others), *_in_chinese(text, others)]


def _in_english(text: str, known: str) -> Iterator[str]:
    if len(_GERMAN.findall(text)) >= 2:
        return
    words = {_bare(match[0]) for match in _WORD.finditer(known)}
    words |= {part for word in words for part in re.split(r"[-.&]", word)}
    initials = _initials(known)
    spelled = _initials(text)
    for match in _names(text):
        name = _bare(match[0])
        if _is_known(name, words) or name in initials:
            continue
        if any(short in words and name in parts for short, parts in spelled.items()):
            continue
        yield match[0]


def _names(text: str) -> Iterator[re.Match[str]]:
    """Yield capitalised words, those at a sentence's start only where they are surely names."""
    words = list(_WORD.finditer(text))
    for place, match in enumerate(words):
        is_word = len(match[0]) > 1 and _bare(match[0]) not in STOP_WORDS | _NO_NAMES
        if not (match[0][0].isupper() and is_word):
            continue
        follows = words[place + 1] if place + 1 < len(words) else None
        before = text[max(0, match.start() - _NEAR) : match.start()]
        is_first = not before.strip() or _SENTENCE.search(before)
        is_subject = follows and _LIKELY_NAME.match(match[0]) and _VERB.match(follows[0])
        is_run = follows and follows[0][0].isupper() and text[match.end() : follows.start()] == " "
        if not is_first or is_run or is_subject or _SHOUTED.match(match[0]):
            yield match


def _bare(word: str) -> str:
    return fold(_POSSESSIVE.sub("", word)).replace(".", "")


def _is_known(name: str, words: set[str]) -> bool:
    if name in words or any(alias in words for alias in _ALIAS.get(name, ())):
        return True
    if set(terms_of(name)) & {term for word in words if word[:2] == name[:2] for term in terms_of(word)}:
        return True
    root = _ADJECTIVE.sub("", name)
    if len(root) < _LEAST_ROOT:
        return False
    return any(
        word.startswith(root) and len(word) - len(root) <= _LONGEST_ENDING
        for word in words
        if len(word) > _LEAST_ROOT
    )


def _initials(text: str) -> dict[str, set[str]]:
    """Return the initials of each run of capitalised words, with those words."""
    found: dict[str, set[str]] = {}
    for run in re.finditer(r"\b[A-Z][\w’'-]*(?: (?:of |the |and |for ){0,3}[A-Z][\w’'-]*)+", text):
        parts = [word for word in run[0].split() if word[0].isupper() and word != "The"]
        found["".join(word[0] for word in parts).lower()] = {_bare(word) for word in parts}
    return found


def _in_chinese(text: str, known: str) -> Iterator[str]:
    for match in _WORK.finditer(text):
        if match[1] not in known:
            yield match[0]
    if re.search(f"[{HAN}]", text):
        for match in _LATIN.finditer(text):
            if match[0].lower() not in known.lower():
                yield match[0]
    for kinds in _KINDS_IN_CHINESE:
        others = {one[1] for one in re.finditer(rf"([{HAN}])(?:{kinds})", known)} - _NO_PART_OF_A_NAME
        for match in re.finditer(rf"([{HAN}])({kinds})", text) if others else ():
            is_named = match[1] not in _NO_PART_OF_A_NAME
            if is_named and not re.search(rf"{match[1]}[{HAN}]{{0,2}}{match[2]}", known):
                yield match[0]
    for match in _BY_IN_CHINESE.finditer(text):
        if match[1] not in known:
            yield match[1]
