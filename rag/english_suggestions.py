"""The rules of ``suggesting`` for English: which questions a sentence answers.

A sentence is cut into clauses that each have the subject, ``english_rules`` asks for parts of them, and what
is not fit to stand alone is left out: a subject that is no name (a common noun at a sentence's start is
told from one by the rest of the text) or is too general, and what hedges, denies, quotes, or points at
something that another sentence named.
"""

import re
from collections.abc import Iterator

from pincite.english_grammar import EVENTS, LEADING, MONTH, NAMES, PLACED, SUBJECT, YEAR
from pincite.english_rules import questions_of
from pincite.index.tokens import STOP_WORDS
from pincite.suggestions import Suggestion

_FILLER = re.compile(r",? (?:also|however|therefore|subsequently|eventually)\b,?")
_ASIDE = re.compile(r"\s*\([^()]*\)|\s*\[[\d, ]+\]")
_REJECTED = re.compile(
    r"(?<!\w)'|[\"“”«»‘!?@<>{}|*_#`=~^/\\:()\[\]…]|\w- \w|\b(?:(?-i:may)|might|perhaps|possibly|probably"
    r"|allegedly|reportedly|rumou?red|claimed|supposedly|not|never|no|nor|none|neither|if|unless|would"
    r"|could|should|planned|expected|proposed|likely|said|believed|thought|seem|seems|seemed|cannot|above"
    r"|below|figure|table|chapter|section)\b|n['’]t\b",
    re.IGNORECASE,
)
_NO_FIRST = STOP_WORDS - {"the"} | frozenset(
    "although though however thus therefore hence moreover furthermore besides meanwhile later earlier"
    " finally initially eventually originally recently today currently according despite due during since"
    " when once both each every many most several various other others another one two three four five six"
    " seven eight nine ten some few all much more less only even still yet just first second third last next"
    " new old early late former current modern ancient little early throughout within without among between"
    " against upon near like unlike because whereas whether either neither what who why how here there"
    " nobody everyone everybody people men women children scientists researchers critics experts mr group"
    " chapter section table figure figures page part january february march april may june july august"
    " september october november"
    " december monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter".split()
)
_PRONOUNS = frozenset("he she it they we i you this that these those one who some others".split())
_POINTING = frozenset(
    "same other others latter former following above two three four next last new entire whole resulting"
    " subsequent".split()
)
_VAGUE = (
    "first second third new current same other original former latter following above entire whole last next"
    " previous resulting subsequent population residents final present old early later next main only rest"
    " majority number result results end idea fact act case way same author authors company organization"
    " organisation team group city town country state area region island school university project building"
    " war series album song film show game book band site league club government program programme system"
    " term name word article paper study report committee board event decision agreement plan process"
    " concept language family church house season year king queen president empire kingdom army battle"
    " treaty law bill effort work works practice movement people country station network channel museum"
    " college"
).split()
_VAGUE_THING = re.compile(
    rf"\bthe (?:{'|'.join(dict.fromkeys(_VAGUE))})(?:$| (?!of |in |at |for |to |[A-Z]|[a-z]+ (?:of|in"
    rf"|at|for) ))"
)
_POINTS_AT = re.compile(
    r"\b(?:this|these|those|such|another|it|he|she|they|them|him|we|us|i|you|(?<!are )(?<!were )there|here"
    r"|also|then|later|again|too)\b"
)
_ADJUNCT = re.compile(
    r"(?:In|At|During|After|Before|Following|Under|With|By|As|From|Despite|On|Throughout"
    r"|For) (?:[^,]{2,70}), (?=[A-Z]|the )"
)
_STARTS = re.compile(rf"{SUBJECT}(?: (?P<be>is|was|are|were)\b|(?=, ))")
_PARTICIPLE = re.compile(rf", (?P<verb>{EVENTS}|{'|'.join(PLACED)}) (?P<rest>[^,]+),")
_BORN = re.compile(
    rf"^(?P<subject>{NAMES}) \((?:[^();]*[;,] )?(?:born )?(?P<told>\d{{1,2}} {MONTH} {YEAR}"
    rf"|{MONTH} \d{{1,2}}, {YEAR})"
    rf" ?(?:\)|[–-] ?(?:\d|{MONTH}))"
)
_MORE = re.compile(
    rf",? and (?P<be>is|was|are|were) (?P<rest>.+)$|, (?P<rest2>(?:{EVENTS}|located|situated"
    rf"|headquartered|based|born) .+)$"
)
_GLUED = re.compile(r"[A-Z]{3}[a-z]{3}")
_QUALITY = re.compile(r"(?:ive|ful|able|ible|ous|less)$")
_FIRST_NAMES = frozenset(
    "John James William Henry Charles George Thomas Robert Paul Peter David Michael Edward Richard Louis"
    " Philip Mary"
    " Anne Elizabeth Alexander Joseph Frederick Francis Margaret Catherine".split()
)
_TWO = re.compile(r"\S+ and \S+$")
_LONGEST = 300
_GENERIC = re.compile(
    r"\b[Tt]he (?:City )?(?:Empire|Council|Republic|Army|Navy|Parliament|Company|University|Government|Board"
    r"|Congress|State|Church|City|Court|Senate|Union|Act|Treaty|Party|College|School|King|Queen|Emperor"
    r"|President|Prince|Duke|Pope|Society|Association|Institute|Committee|Commission|Department|Ministry"
    r"|Constitution|Assembly|Club|County|Province|Island|Islands|River|Museum|Library|Hall|Palace|Castle"
    r"|Center|Centre|Bank|Group|Bill|Region|District|War|Revolution)(?:['’]s)?(?! (?:of|for|in|at"
    r"|on) )(?! [A-Z\d])"
)


def suggestions(sentence: str, text: str) -> Iterator[Suggestion]:
    """Yield what may be asked of ``sentence``, a part of ``text``; the surest rules first."""
    plain = " ".join(_FILLER.sub("", _ASIDE.sub("", sentence)).split()).rstrip(".")
    if not plain or not (plain[0].isupper() or plain[0].isdigit()) or len(plain) > _LONGEST:
        return
    if born := _BORN.match(" ".join(sentence.split())):
        be = Suggestion(f"When was {born['subject']} born?", born["told"], born["subject"], "when", 1)
        if _is_named(be.subject, text):
            yield be
    for clause, year in _clauses(plain):
        for made in questions_of(clause, year):
            said = clause[: clause.find(made.told) + len(made.told)]
            if _REJECTED.search(said) or made.told.split()[0].lower() in _PRONOUNS:
                continue
            if _is_named(made.subject, text) and _is_clear(made):
                yield made


def _clauses(plain: str) -> Iterator[tuple[str, str]]:
    """Yield the sentence, and what it says of its subject besides, each as a sentence of its own with the
    year that leads to it.
    """
    year = ""
    if leading := LEADING.match(plain):
        yield plain, ""
        year, plain = leading["month"] or leading["day"], leading["main"]
    elif adjunct := _ADJUNCT.match(plain):
        plain = plain[adjunct.end() :]
    yield plain, year
    subject = _STARTS.match(plain)
    if subject is None:
        return
    if aside := _PARTICIPLE.match(plain, subject.end("subject")):
        be = "is" if aside["verb"] in PLACED else "was"
        yield f"{subject['subject']} {be} {aside['verb']} {aside['rest']}", ""
    if subject["be"] is None:
        return
    for more in _MORE.finditer(plain, subject.end()):
        be = more["be"] or {"is": "was", "are": "were"}.get(subject["be"], subject["be"])
        is_place = (more["rest2"] or "").startswith(PLACED)
        yield f"{subject['subject']} {subject['be'] if is_place else be} {more['rest'] or more['rest2']}", ""


def _is_named(subject: str, text: str) -> bool:
    """Whether a subject says by itself what it is: it has a name, or two words that are not vague."""
    words = re.sub("^[Tt]he ", "", subject).split()
    has_article = subject.startswith(("The ", "the "))
    if words[0].lower() in (_POINTING if has_article else _NO_FIRST) or words[0].endswith("ly"):
        return False
    if not any(word[0].isupper() for word in words):
        return len(words) > 1 and words[0] not in _VAGUE
    if not has_article and ((len(words) == 1 and words[0] in _FIRST_NAMES) or _QUALITY.search(words[0])):
        return False
    is_run = len(words) > 1 and words[1][0].isupper()
    if has_article or is_run or re.search(r"[A-Z\d].*[A-Z\d]", words[0]):
        return True
    word = re.escape(re.sub(r"['’]s?$", "", words[0]))
    is_inside = re.search(rf"[a-z,] {word}(?!\w)", text)
    return bool(is_inside) and not re.search(rf"\b{word.lower()}\b", text)


def _is_clear(made: Suggestion) -> bool:
    asked = made.question.rstrip("?")
    is_one_of_two = _TWO.match(made.subject) and re.search(r"^\w+ (?:is|was|does|has) ", asked)
    if made.told in asked or is_one_of_two or _GLUED.search(asked):
        return False
    return not (
        _POINTS_AT.search(asked) or _VAGUE_THING.search(asked) or _GENERIC.search(asked) or "," in asked
    )
