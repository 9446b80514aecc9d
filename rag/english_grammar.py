"""The parts of English sentences that the rules of ``english_rules`` are put together from, as patterns.

A subject is what stands from a sentence's first word to its verb: a name, or a noun with its article. No
part-of-speech tagger is at hand, so verbs and the nouns that tell persons from things are lists of those that
are common in documents, and what is on no list is left alone.
"""

import re

NAME = r"[A-Z][\w'’&.-]*(?<!\.)"
NAMES = rf"{NAME}(?:(?: of| of the| and| de| for| &)? (?:{NAME}|\d+))*"
NOUN = (
    r"(?!(?:is|are|was|were|has|have|had|be|been|being|can|will|did|does|do|may|must|shall|themselves|itself"
    r"|himself|herself|each|all|both|then|later|soon|once|still|now|again|often|who|which|that|what|its|his"
    r"|her|their|our|my|your|own|the|an?|every|some|any|no|with|in|of|to|from|by|for|at|on|as|and|or|but"
    r"|than|when|where|while|into|over|under|between|through|after|before|since|until|within|without|about"
    r"|around|like|if|so|because|further|quite|very|rather|today|ago|alone|instead|together|even|already|yet"
    r"|too|ever|more|most|less|[a-z]+ly)\b)[a-z][a-z-]+"
)
SUBJECT = (
    rf"(?P<subject>(?:[Tt]he (?:{NOUN} ){{0,2}})?{NAMES}(?: {NOUN}){{0,3}}(?: (?:of|in|at"
    rf"|for) (?:the )?{NAMES})?"
    rf"|[Tt]he (?:{NOUN} ){{0,2}}{NOUN}(?: (?:of|at|in|for) (?:the )?(?:{NOUN} )?(?:{NAMES}|{NOUN}))?"
    rf"|[Tt]he \d{{4}} (?:{NOUN} )?(?:{NAMES} )?{NOUN})"
    r"(?:, (?:an?|the|which|who|known as|born) [^,]{3,80},)?"
)
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
YEAR = r"(?:1[0-9]|20)\d\d"
DATE = (
    rf"(?:[Ii]n (?P<month>(?:(?:early|mid|late) )?(?:{MONTH} (?:of )?)?{YEAR})"
    rf"|[Oo]n (?P<day>\d{{1,2}} {MONTH} {YEAR}|{MONTH} \d{{1,2}}, {YEAR}))"
    r"(?! ?(?:and|or|to|through|until|-|–) ?\d)(?=$|[,; ])"
)
LEADING = re.compile(rf"^{DATE},? (?P<main>.+)$")
WORDS = r"(?: [\w'’%-]+)"
END = r"(?=$|[,;] )"
ON = (
    r"(?=$|[,;] | (?:in|on|at|and|as|for|from|with|to|by|during|after|when|who|which|under|until"
    r"|between)\b)"
)
ABOUT = r"(?:(?:around|about|approximately|over|more than|nearly|almost|some|at least|exactly|only|just) )?"
_NUMBER_WORDS = (
    "(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    "|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?: million"
    "| thousand)?"
)
NUMBER = (
    rf"(?P<number>(?!{YEAR} )\d+(?:,\d{{3}})*(?:\.\d+)?(?: (?:million|billion|thousand))?|{_NUMBER_WORDS})"
)
COUNTED = (
    rf"(?P<noun>(?:{NOUN} ){{0,2}}(?:{NOUN}s|people|men|women|children)(?: of (?:{NOUN} )?{NOUN})?)"
    r"(?=$|[,;]| (?:in|on|at|for|with|and|from|by|per|using|throughout|worldwide|across|within|during"
    r"|to|an?|that|which|who|located|including|such|representing|consisting)\b)"
)
_VERBS = (
    "found establish construct create complete introduce launch release publish form discover invent adopt"
    " destroy demolish abolish acquire execute assassinate crown inaugurate design develop erect"
    " ratify:ratified enact record install conquer capture annex:annexed dissolve commission patent unveil"
    " restore renovate expand extend appoint elect ordain award open close sign pass produce direct compose"
    " paint defeat purchase approve build:built rebuild:rebuilt write:wrote:written buy:bought sell:sold"
    " win:won join host organize organise convert renew repair translate premiere name ban:banned legalize"
    " marry:married kill invade abandon achieve announce arrest attack attend celebrate change"
    " choose:chose:chosen collect command control:controlled cross deliver deploy draft earn enter finish"
    " gain give:gave:given grant identify:identified implement impose inherit initiate issue leave:left"
    " lose:lost occupy:occupied offer perform plant present promote propose reach receive recognize reduce"
    " remove rename replace retain reveal rule seize send:sent settle sink:sank:sunk suffer supply:supplied"
    " take:took:taken test visit become:became:become lead:led"
)
_INTRANSITIVE = (
    "die open close begin:began:begun start end occur happen graduate retire arrive collapse erupt return"
    " cease premiere surrender merge debut resign disband"
)
_STATES = (
    "have:had contain include employ comprise house operate own offer serve make:made cover play attract"
)


def _forms(table: str) -> dict[str, tuple[str, str]]:
    """Return the past tense and the participle of each verb by its base form."""
    forms = {}
    for entry in table.split():
        base, *irregular = entry.split(":")
        past = irregular[0] if irregular else base + ("d" if base.endswith("e") else "ed")
        forms[base] = past, irregular[-1] if irregular else past
    return forms


_FORMS = _forms(f"{_VERBS} {_INTRANSITIVE} {_STATES}")
BASES = {past: base for base, (past, _) in _FORMS.items()}
PASTS = {participle: past for past, participle in _forms(_VERBS).values()}
PRESENTS = {"has": "have", **{f"{base}s": base for base in _forms(f"{_STATES} {_VERBS}")}}
EVENTS = "|".join(sorted({*PASTS, *"born held laid moved added buried".split()}))
ACTIVE = "|".join(past for past, _ in _forms(_VERBS).values())
ENDING = "|".join(past for past, _ in _forms(_INTRANSITIVE).values())
_OWNING = "release publish build win:won write:wrote sell:sold produce"
HAVING = "|".join(
    [*PRESENTS, *_forms(_STATES), *(past for past, _ in _forms(f"{_STATES} {_OWNING}").values())]
)
_PERSONS = re.compile(
    r"\b(?:author|writer|politician|actor|actress|singer|scientist|president|king|queen|emperor|director"
    r"|poet|painter|physicist|chemist|mathematician|philosopher|composer|person|man|woman|footballer"
    r"|architect|engineer|inventor|explorer|lawyer|judge|bishop|pope|monk|journalist|novelist|musician"
    r"|artist|teacher|professor|economist|historian|theologian|monarch|chancellor|minister|governor|mayor"
    r"|businessman|entrepreneur|missionary|reformer|prince|princess|senator|astronaut|biologist|statesman"
    r"|general|playwright|cricketer|songwriter)$"
)
_PERHAPS_PERSONS = re.compile(
    r"(?:er|or|ist|ian|ean|man|men|women|ant|ent|ive|eer|ess|son|ary|ee|ese|ite|ast|yst|ic|al|ate|ey|ish"
    r"|ling|ight|ero|end|ew|slave|guest|genius|god|nymph|patron|pupil|disciple|ally|rival|virgin|figure|icon"
    r"|star|one|people|child|team|heir|head|pair|couple|result|part|kind|type|form|way|matter|case|symbol"
    r"|sign|time|place|land|product|mix|majority|lot|bit|number|variety|range|series|lack|means|fact|success"
    r"|failure|problem|reason|cause|source|set|look|name|term|word|example|list|subject|topic|theme|idea"
    r"|question|issue|factor|feature|aspect|element|force|power|issue|home|hub|thing|subject|alumna|alumnus"
    r"|boy|girl|[a-z]+ly)$"
)
_THINGS = re.compile(
    r"(?:river|newspaper|center|centre|theater|theatre|computer|container|motor|sensor|tower|order|chapter"
    r"|border|harbor|quarter|settlement|instrument|monument|document|element|department|government"
    r"|parliament|tournament|event|continent|plant|restaurant|festival|journal|hospital|canal|metal|mineral"
    r"|animal|capital|cathedral|terminal|manual|language|peninsula|state|district|institute|website|suite"
    r"|satellite|archive|cooperative|library|dictionary|sanctuary|estuary|tributary|prison|season|horizon"
    r"|garrison|republic|clinic|college|village|observatory|territory|laboratory|theory|software|car|war"
    r"|star system|project|board game|breed|valley|abbey|survey|railway|interstate|protocol|weekend|network"
    r"|engine|airline|magazine|medicine|vaccine|machine|cell|protein|enzyme|acid|gas|record label|label"
    r"|model|series|club|television series|film series|cluster|carrier|layer|printer|reactor|processor"
    r"|vector|tensor|operator|format)$"
)
CLAUSE = re.compile(
    r"\b(?:and|or|but|that|which|who|whom|whose|when|where|while|because|than|until|after|before|if)\b"
)
_AFTER_HEAD = re.compile(
    r" (?:of|in|at|for|from|to|by|that|which|who|where|whose|with|on|and|or|\w+ed|built|made|held|known"
    r"|located|near|ever|since|within|under|between|during|around|along|outside|among|consisting|dealing"
    r"|using|whereby|founded)\b"
)
PLACED = ("located", "situated", "headquartered", "based")


def asking_for(phrase: str) -> str:
    """Return "Who" or "What" by the noun of a phrase; empty where that is not known for sure."""
    head = _AFTER_HEAD.split(re.sub("^(?:an?|the) ", "", phrase))[0].strip()
    if _PERSONS.search(head):
        return "Who"
    return "What" if _THINGS.search(head) or not _PERHAPS_PERSONS.search(head) else ""


def inside(subject: str) -> str:
    """Return a subject as it is written within a sentence."""
    return re.sub(r"^The\b", "the", subject)
