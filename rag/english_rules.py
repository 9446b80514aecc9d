"""What may be asked of an English clause: patterns, and the question that each makes of what it matches.

What a question leaves out of the clause is what it asks for. Whether the subject is good enough to be asked
about is for ``english_suggestions`` to say.
"""

import re
from collections.abc import Iterator

from pincite.english_grammar import (
    ABOUT,
    ACTIVE,
    BASES,
    CLAUSE,
    COUNTED,
    DATE,
    END,
    ENDING,
    EVENTS,
    HAVING,
    LEADING,
    MONTH,
    NAME,
    NAMES,
    NOUN,
    NUMBER,
    ON,
    PASTS,
    PRESENTS,
    SUBJECT,
    WORDS,
    YEAR,
    asking_for,
    inside,
)
from pincite.suggestions import Suggestion

_NO_COUNTED = re.compile(
    r"\b(?:others|ones|times|years|months|days|percent|thirds|halves|degrees|points|such|was|is|as|has|and"
    r"|or|of the|million|billion|thousand|hundred|dollars|pounds|more|hours|weeks|decades|minutes|seconds"
    r"|types|parts|forms|kinds)\b"
)
_MORE_DEEDS = "domesticated|drafted|headed|edited|isolated|synthesized|colonised|colonized|coined|chaired"
_NOBODY = re.compile(
    r"['’]s?$|\b(?:Treaty|Act|Rebellion|War|Battle|Cyclone|Hurricane|Typhoon|Revolution|Constitution"
    r"|Partitions?|Plan|Convention|River|Law|Laws|Period|Age|Earthquake|Storm|Charter|Agreement|Crisis|Bible"
    r"|Code|Reforms?|Edict|Bill|Decree|Accords?|Resolution|Amendment|Protocol|Route|Highway|Street|Road"
    r"|Bridge|Program|Project)\b"
)
_TITLES = (
    r"(?:(?!west|east|best|interest|guest|priest|test|forest|request|contest|conquest|protest"
    r"|harvest)[a-z]{3,}est|first|only|last|second|third|capital|national|official|birthplace|most \w+"
    r"|world's \w+)"
)
_DID = (
    "produce provide prioritize prioritise require emphasize emphasise manufacture publish sell protect"
    " regulate depict prevent connect own"
)
_DOES = {f"{base}s": base for base in ["grind", *_DID.split()]} | {"teaches": "teach"}
_DO = _DID.replace(" ", "|")
_WHEN_DONE = re.compile(
    rf"^{SUBJECT} (?P<be>was|were) (?P<how>(?:first|last|officially|finally|formally|originally"
    rf"|completely) )?"
    rf"(?P<verb>{EVENTS})(?P<rest>{WORDS}{{0,7}}?) {DATE}"
)
_WHEN_DID = re.compile(rf"^{SUBJECT} (?P<verb>{ACTIVE}|{ENDING})(?P<rest>{WORDS}{{0,7}}?) {DATE}")
_MAIN_DONE = re.compile(
    rf"^{SUBJECT} (?P<be>was|were) (?P<how>(?:first|officially|finally|formally) )?(?P<verb>{EVENTS})"
    rf"(?P<rest>{WORDS}{{0,7}}){END}"
)
_MAIN_DID = re.compile(rf"^{SUBJECT} (?P<verb>{ACTIVE}|{ENDING})(?P<rest>{WORDS}{{0,7}}){END}")
_WHO = re.compile(
    rf"^{SUBJECT} (?:was|were) (?P<verb>{'|'.join(PASTS)}"
    rf"|{_MORE_DEEDS})(?: in {YEAR})? by (?P<told>(?:the )?{NAMES})"
    rf"{ON}"
)
_AGENTIVE = (
    "founded|invented|discovered|wrote|designed|composed|directed|painted|established|introduced|proposed"
    "|developed|acquired|purchased|bought|defeated|conquered|captured|annexed|invaded|built|rebuilt|created"
    "|produced|translated|commanded|organized|organised|launched|published|patented|commissioned|identified"
)
_WHO_DID = re.compile(
    rf"^(?P<told>{NAMES})(?:, (?:an?|the) [^,]{{3,80}},)? (?P<verb>{_AGENTIVE}) "
    rf"(?P<object>(?:(?:the|his|her|its) )?(?:{NOUN} ){{0,3}}{NAMES}(?: {NOUN})?(?: in {YEAR})?){END}"
)
_WHERE = re.compile(
    rf"^{SUBJECT} (?P<be>is|are|was|were) (?P<verb>located|situated|headquartered|based|born|buried|held) "
    rf"(?P<preposition>in|at|near) (?P<told>(?:the )?(?:{NOUN} )?{NAMES})(?=$|[,; ])"
)
_HOW_MANY = re.compile(
    rf"^{SUBJECT} (?P<verb>{HAVING}) {ABOUT}{NUMBER} {COUNTED}"
    r"(?P<then> (?:an?|per|each|every) (?:hour|day|week|month|year))?"
)
_HOW_MANY_HAS = re.compile(
    rf"^{SUBJECT} (?P<be>has|have) (?P<verb>{'|'.join(PASTS)}) {ABOUT}{NUMBER} {COUNTED}"
)
_STAYS = {
    "died": "die",
    "studied": "study",
    "lived": "live",
    "worked": "work",
    "grew up": "grow up",
    "settled": "settle",
    "took place": "take place",
    "originated": "originate",
}
_WHERE_DID = re.compile(
    rf"^{SUBJECT} (?P<verb>{'|'.join(_STAYS)})(?: \w+ly)? (?:in|at) (?P<told>(?:the )?{NAMES}){ON}"
)
_LASTED = re.compile(
    rf"^{SUBJECT} lasted (?:for )?{ABOUT}(?P<told>[\w.,]+ (?:years|days|months|weeks|hours|minutes)){ON}"
)
_PRICE = r"(?P<told>[$£€]\d[\d,.]*(?: million| billion| trillion)?)(?=$|[,;]? (?!per\b))"
_COST = re.compile(rf"^{SUBJECT} cost {ABOUT}{_PRICE}")
_GETS = {
    "raised": "raise",
    "earned": "earn",
    "received": "receive",
    "paid": "pay",
    "donated": "donate",
    "invested": "invest",
    "spent": "spend",
}
_MONEY = re.compile(rf"^{SUBJECT} (?P<verb>{'|'.join(_GETS)}) {ABOUT}{_PRICE}")
_PERCENT = re.compile(
    rf"^(?:(?:About|Around|Approximately|Some|Over|Nearly|Almost|More than) )?(?P<told>\d[\d.]*)(?:%"
    rf"| percent| per cent)"
    rf" of (?P<rest>[\w'’% -]{{5,70}}?){END}"
)
_ATTRIBUTE = re.compile(
    rf"^(?P<subject>The (?:{NOUN} ){{0,2}}{NOUN} (?:of|for|in) (?:the )?{NAMES}) (?P<be>is|was|are|were) "
    rf"{ABOUT}(?P<told>(?:the )?(?:{NAMES}|[$£€]?\d[\d,.]*(?: [a-z]+)?)){END}"
)
_BECAUSE = re.compile(
    rf"^{SUBJECT} (?P<be>is|was|are|were|can|must"
    rf"|should) (?P<rest>[\w'’ -]{{4,60}}?),? (?:because(?: of)?|due to"
    rf"|owing to)(?P<told>{WORDS}{{3,14}})"
)
_USED = re.compile(rf"^{SUBJECT} (?P<be>is|was|are|were) used (?P<told>(?:for|to|as){WORDS}{{2,12}}?){END}")
_MAKES = {
    "consists of": "does {} consist of",
    "consisted of": "did {} consist of",
    "stands for": "does {} stand for",
    "refers to": "does {} refer to",
    "means": "does {} mean",
}
_MADE = re.compile(rf"^{SUBJECT} (?P<verb>{'|'.join(_MAKES)}) (?P<told>[\w'’]+{WORDS}{{1,12}})")
_HOW_MANY_DID = re.compile(
    rf"^(?:(?:Around|About|Approximately|Over|More than|Nearly|Almost|Some"
    rf"|At least) )?{NUMBER.replace('two|', '[Tt]wo|')} (?P<noun>(?:{NOUN} )?(?:{NOUN}s|people|men|women"
    rf"|children)) (?P<verb>were|are|attended|died|lived|took part|participated|visited|competed|work|worked"
    rf"|live|served|voted|studied)(?P<rest>{WORDS}{{1,8}}){END}"
)
_THERE_ARE = re.compile(
    rf"^There (?P<be>are|were) {ABOUT}{NUMBER} {COUNTED} (?P<rest>(?:in|on"
    rf"|at) (?P<subject>(?:the )?{NAMES})){END}"
)
_POPULATION = re.compile(
    rf"^{SUBJECT} (?P<be>has|had) an? (?:\w+ )?population of {ABOUT}(?P<told>\d[\d,.]*(?: million"
    rf"| billion)?)(?=$|[,; ])"
)
_MEASURED = re.compile(
    rf"^{SUBJECT} (?P<be>is|was) {ABOUT}(?P<told>\d[\d,.]* (?:[a-z]+))(?: \w+)? (?P<how>long|tall|high"
    rf"|wide|deep)\b"
)
_TITLE = re.compile(
    rf"^(?P<told>(?:The )?{NAMES}) (?P<be>is|was) (?P<subject>the {_TITLES}\b{WORDS}{{1,9}}?)"
    r"(?:$|[,;]| and (?:is|was|has|had|[a-z]+(?:s|ed)) )"
)
_WHAT_IS = re.compile(
    rf"^(?P<subject>(?:The (?:{NOUN} ){{0,2}})?{NAMES}) (?P<be>is"
    rf"|was) (?P<told>an? {WORDS[4:-1]}{WORDS}{{3,11}})"
)
_WHAT_DID = re.compile(
    rf"^(?P<subject>{NAMES}) (?P<verb>invented|discovered|developed|won|introduced|launched|published"
    rf"|released|created|founded|wrote|designed|proposed) (?P<told>(?:the|an?|its|his|her"
    rf"|{NAME})(?: [\w'’%-]+){{1,9}}?)(?P<when> in {YEAR})?{END}"
)
_WHAT_DOES = re.compile(
    rf"^{SUBJECT} (?P<verb>{'|'.join(_DOES)}|(?<=\ws )(?:{_DO})) (?P<told>(?!to |that |as |for |in |on "
    rf"|with |by |from )(?:[\w'’%-]+ ?){{2,12}})"
)
_CALLED = re.compile(
    rf"^{SUBJECT} (?P<be>is|was|are|were) (?P<how>commonly |formerly |originally |sometimes |locally )?"
    rf"(?P<verb>known as|called|nicknamed) (?P<told>(?!for |off |up |in |into |upon |by |to |on |out "
    rf"|at )(?:[\w'’-]+ ?){{1,10}})"
)
_TAKES = {
    "accounted for": ("did", "account for"),
    "accounts for": ("does", "account for"),
    "account for": ("do", "account for"),
    "made up": ("did", "make up"),
    "makes up": ("does", "make up"),
    "make up": ("do", "make up"),
    "covered": ("did", "cover"),
    "covers": ("does", "cover"),
    "cover": ("do", "cover"),
}
_SHARE = re.compile(
    rf"^{SUBJECT} (?P<verb>{'|'.join(_TAKES)}) "
    rf"{ABOUT}(?P<told>\d[\d.]*)(?:%| percent) of (?P<rest>[\w'’ -]{{4,50}}?)(?P<when> in {YEAR})?{END}"
)
_HOW_MANY_IN = re.compile(
    rf"^{SUBJECT} (?P<verb>{ACTIVE}) {ABOUT}{NUMBER} {COUNTED}(?P<then> in {YEAR})(?=$|[,; ])"
)
_EMPTY = re.compile(
    r"^(?:nothing|many|several|various|some|different|large amounts|numerous)\b|^an? (?:[a-z-]+ly )?(?:major"
    r"|important|good|great|common|popular|large|big|small|significant|key|relatively|very|number|variety"
    r"|range|lot|few|wide|famous|notable|typical|new|special|particular|single|unique|different|similar"
    r"|clear|rare)\b"
)
_ATTRIBUTES = re.compile(
    r"^The (?:\w+ )?(?:capital|population|language|currency|motto|length|area|height|depth|width|weight|name"
    r"|headquarters|birthplace|anthem|symbol|colour|color|cost|price|speed|temperature|density|patron saint"
    r"|nickname|seat|mascot|rate|percentage|city|state|river|mountain|religion|airport|newspaper|title"
    r"|number|size|age|distance) (?:of|for|in) "
)
_SPECIFIC = {
    False: ("invented", "discovered", "founded"),
    True: ("invented", "discovered", "founded", "designed", "developed", "proposed", "wrote"),
}
_DATED = re.compile(rf"\b{YEAR}\b|{MONTH}")
_PREPOSITION = re.compile(r" (?:by|in|on|at|for|to|with|from|of|as)\b")
_HANGING = re.compile(
    r"\b(?:being|been|as|of|in|to|mainly|largely|primarily|partly|mostly|often|the|an?|only|just|simply)$"
)
_SCOPE = re.compile(r"[A-Z]|\bworld\b")
_TELLING = re.compile(r"[A-Z]|\b(?:its|his|her|their)\b")


def questions_of(plain: str, year: str) -> Iterator[Suggestion]:
    """Yield what may be asked of a clause, and of the ``year`` that leads to it, if any."""
    yield from _when(plain)
    yield from _who(plain)
    yield from _where(plain)
    yield from _counts(plain, year)
    yield from _amounts(plain)
    yield from _shares(plain, year)
    yield from _purposes(plain)
    yield from _whats(plain)


def _when(plain: str) -> Iterator[Suggestion]:
    leading = LEADING.match(plain)
    date = (leading["month"] or leading["day"]) if leading else ""
    done = _MAIN_DONE.match(leading["main"]) if leading else _WHEN_DONE.match(plain)
    did = _MAIN_DID.match(leading["main"]) if leading else _WHEN_DID.match(plain)
    for match in filter(None, (done, did)):
        rest, verb = match["rest"], match["verb"]
        if CLAUSE.search(rest) or _DATED.search(rest) or (match is did and not _is_complete(verb, rest)):
            continue
        subject = inside(match["subject"])
        if match is done:
            question = f"When {match['be']} {subject} {match['how'] or ''}{verb}{rest}?"
        else:
            question = f"When did {subject} {BASES[verb]}{rest}?"
        yield Suggestion(question, date or match["month"] or match["day"], match["subject"], "when", 1)


def _is_complete(verb: str, rest: str) -> bool:
    """Whether a verb has what it needs, nothing or a telling object. "The mill built by" has not."""
    is_led_on = _PREPOSITION.match(rest) is not None
    if verb in ENDING.split("|") and (not rest or is_led_on):
        return True
    return _TELLING.search(rest) is not None and not is_led_on


def _who(plain: str) -> Iterator[Suggestion]:
    match = _WHO.match(plain)
    if match and not (_NOBODY.search(match["told"]) or _DATED.search(match["told"])):
        question = f"Who {PASTS.get(match['verb'], match['verb'])} {inside(match['subject'])}?"
        yield Suggestion(question, match["told"], match["subject"], "who", 0)
    match = _WHO_DID.match(plain)
    if match and not _NOBODY.search(match["told"]):
        yield Suggestion(f"Who {match['verb']} {match['object']}?", match["told"], match["object"], "who", 0)


def _where(plain: str) -> Iterator[Suggestion]:
    match = _WHERE.match(plain)
    if match and not _DATED.search(match["told"]):
        question = f"Where {match['be']} {inside(match['subject'])} {match['verb']}?"
        yield Suggestion(question, match["told"], match["subject"], "where", 1)
    match = _WHERE_DID.match(plain)
    if match and not _DATED.search(match["told"]):
        question = f"Where did {inside(match['subject'])} {_STAYS[match['verb']]}?"
        yield Suggestion(question, match["told"], match["subject"], "where", 1)


def _counts(plain: str, year: str) -> Iterator[Suggestion]:
    in_year = f" in {year}" if re.fullmatch(YEAR, year) else ""
    for pattern in (_HOW_MANY, _HOW_MANY_HAS, _HOW_MANY_IN):
        match = pattern.match(plain)
        if match and not _NO_COUNTED.search(match["noun"]):
            then = match.groupdict().get("then") or in_year
            question = f"How many {match['noun']} {_asked_of(match)}{then}?"
            yield Suggestion(question, match["number"], match["subject"], "number", 0)
    match = _HOW_MANY_DID.match(plain)
    if match and re.search(r" (?:the )?[A-Z]", match["rest"]) and not CLAUSE.search(match["rest"]):
        question = f"How many {match['noun']} {match['verb']}{match['rest']}?"
        yield Suggestion(question, match["number"], match["rest"].strip(), "number", 0)
    match = _THERE_ARE.match(plain)
    if match and not _NO_COUNTED.search(match["noun"]):
        question = f"How many {match['noun']} {match['be']} there {match['rest']}?"
        yield Suggestion(question, match["number"], match["subject"], "number", 0)


def _asked_of(match: re.Match[str]) -> str:
    """Return "did the bank build" for a match of "the bank built"."""
    subject, verb, be = inside(match["subject"]), match["verb"], match.groupdict().get("be")
    if be:
        return f"{be} {subject} {verb}"
    if verb in PRESENTS:
        return f"does {subject} {PRESENTS[verb]}"
    return f"did {subject} {BASES[verb]}" if verb in BASES else f"do {subject} {verb}"


def _amounts(plain: str) -> Iterator[Suggestion]:
    asked = (
        (_LASTED, "How long did {subject} last?"),
        (_COST, "How much did {subject} cost?"),
        (_POPULATION, "What {be} the population of {subject}?"),
        (_MEASURED, "How {how} {be} {subject}?"),
    )
    for pattern, question in asked:
        if match := pattern.match(plain):
            words = {**match.groupdict(), "subject": inside(match["subject"])}
            words["be"] = {"has": "is", "had": "was"}.get(words.get("be", ""), words.get("be"))
            yield Suggestion(question.format(**words), match["told"], match["subject"], "number", 0)
    if match := _MONEY.match(plain):
        question = f"How much money did {inside(match['subject'])} {_GETS[match['verb']]}?"
        yield Suggestion(question, match["told"], match["subject"], "number", 0)


def _shares(plain: str, year: str) -> Iterator[Suggestion]:
    in_year = f" in {year}" if re.fullmatch(YEAR, year) else ""
    match = _PERCENT.match(plain)
    if match and re.search("[A-Z]", match["rest"]) and not CLAUSE.search(match["rest"]):
        question = f"What percentage of {match['rest']}{in_year}?"
        yield Suggestion(question, match["told"], match["rest"], "number", 0)
    if match := _SHARE.match(plain):
        auxiliary, base = _TAKES[match["verb"]]
        asked = f"{auxiliary} {inside(match['subject'])} {base}{match['when'] or in_year}"
        question = f"What percentage of {match['rest']} {asked}?"
        yield Suggestion(question, match["told"], match["subject"], "number", 0)


def _purposes(plain: str) -> Iterator[Suggestion]:
    match = _BECAUSE.match(plain)
    if match and not (CLAUSE.search(match["rest"]) or _HANGING.search(match["rest"])):
        question = f"Why {match['be']} {inside(match['subject'])} {match['rest']}?"
        yield Suggestion(question, match["told"].strip(), match["subject"], "why", 1, is_exact=False)
    if match := _USED.match(plain):
        question = f"What {match['be']} {inside(match['subject'])} used for?"
        yield Suggestion(question, match["told"], match["subject"], "what for", 2, is_exact=False)
    match = _MADE.match(plain)
    if match and not _EMPTY.match(match["told"]):
        question = f"What {_MAKES[match['verb']].format(inside(match['subject']))}?"
        yield Suggestion(question, match["told"], match["subject"], "what does", 2, is_exact=False)
    match = _WHAT_DOES.match(plain)
    if match and not _EMPTY.match(match["told"]):
        subject, verb = inside(match["subject"]), match["verb"]
        asked = f"does {subject} {_DOES[verb]}" if verb in _DOES else f"do {subject} {verb}"
        yield Suggestion(f"What {asked}?", match["told"], match["subject"], "what does", 2, is_exact=False)
    if match := _CALLED.match(plain):
        question = f"What {match['be']} {inside(match['subject'])} {match['how'] or ''}{match['verb']}?"
        yield Suggestion(question, match["told"], match["subject"], "what for", 2, is_exact=False)


def _whats(plain: str) -> Iterator[Suggestion]:
    match = _ATTRIBUTE.match(plain)
    if match and (_ATTRIBUTES.search(match["subject"]) or asking_for(match["subject"]) == "Who"):
        word = "What" if _ATTRIBUTES.search(match["subject"]) else "Who"
        question = f"{word} {match['be']} {inside(match['subject'])}?"
        yield Suggestion(question, match["told"], match["subject"], "which", 0)
    match = _TITLE.match(plain)
    word = asking_for(match["subject"]) if match and _SCOPE.search(match["subject"]) else ""
    if match and word and not CLAUSE.search(match["subject"]):
        question = f"{word} {match['be']} {match['subject']}?"
        yield Suggestion(question, match["told"], match["told"], "which", 1)
    match = _WHAT_DID.match(plain)
    if match and (match["when"] or match["verb"] in _SPECIFIC[" " in match["subject"]]):
        question = f"What did {inside(match['subject'])} {BASES[match['verb']]}{match['when'] or ''}?"
        yield Suggestion(question, match["told"], match["subject"], "what did", 2, is_exact=False)
    match = _WHAT_IS.match(plain)
    if match and not _EMPTY.search(match["told"]) and (word := asking_for(match["told"])):
        question = f"{word} {match['be']} {inside(match['subject'])}?"
        yield Suggestion(question, match["told"], match["subject"], "what is", 3, is_exact=False)
