"""Quotes that a scripted LLM makes up: sentences nobody wrote, and real ones with something changed.

None of them may ever be cited. That their letters and digits stand in no document is made sure of here, in a
way that owes nothing to how pincite looks for a quote; the exceptions are numbers that are cut short
and superscripts that are levelled, whose letters and digits stand there.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from sample_places import Place, Samples, letters, spread
from scripted_answers import Family, ScriptedAnswer

INVENTED = """\
The mill at Pellow Quay was rebuilt after a fire in 1802.
Josiah Trewin sold the mill to the harbour company two years later.
The pond was dredged by prisoners in the winter of 1847.
The wheel was replaced by a turbine when the net store closed.
Idris Cole learned to dress stones in Derbyshire.
The mill sells its flour to three bakeries along the coast.
Visitors may grind a handful of wheat themselves on Sundays.
The sea gates open again by themselves at low water.
Wenna Pascoe has tarred the sea gates every April since 1999.
The greenheart came from a pier that was being taken down.
The observatory was closed between 1983 and 1987 for want of money.
Edith Varley left her house to the town of Carrick Bridge.
Peter Oduya became warden after Varley's death.
The comet of 1974 has been named after the moor.
The main mirror is washed with distilled water once a year.
The refractor was a gift from the Carrick Bridge woollen mill.
Photographs may be taken through the smaller telescope only.
The last bus back to Carrick Bridge leaves at 11 pm.
Members of the society pay no entrance fee.
The dome was painted white in the summer of 2003.
OCBC Bank plans to train its own open-source model by 2026.
DeepSeek has overtaken OpenAI in the number of paying customers.
The report recommends export controls on open-source models.
Alibaba's Qwen3 was trained on ten trillion tokens of Chinese text.
Startups in Beijing have begun to charge for open-source models.
Washington has asked American companies to close their models again.
Mme Lefèvre printed the menus of every café in the port.
Her apprentice opened a press of his own in 1938.
合作社在2013年建起了自己的茶叶加工厂。
覃春梅上任以后,社员大会改为每年召开两次。
雾岭毛尖在2022年的全省名优茶评比中获得金奖。
合作社的红茶主要出口到东南亚。
田志远卸任以后回到青溪县城开了一家茶馆。
鹰嘴坪的老茶树平均树龄超过八十年。
防霜风扇是县农业局免费提供的。
茶园每年请专家做三次土壤化验。
周小满是覃春梅的侄子。
参观的客人可以在厂房里亲手炒茶。
勒菲弗太太的铺子后来搬到了五号码头。
""".splitlines()

OTHER_NAMES = {
    "Josiah Trewin": "Tomas Beer",
    "Pellow Quay": "Carrick Bridge",
    "Morwenna Hale": "Ruth Anstey",
    "Idris Cole": "Peter Oduya",
    "Alice Orme": "Edith Varley",
    "Derbyshire": "Cornwall",
    "Edith Varley": "Hannah Lisle",
    "Varley": "Lisle",
    "Peter Oduya": "Josiah Trewin",
    "Carrick Bridge": "Hollin Moor",
    "Hannah Lisle": "Alice Orme",
    "Hollin Moor": "Pellow Quay",
    "Lynx": "Leo",
    "OCBC": "DBS",
    "Singapore": "Malaysia",
    "OpenAI": "DeepSeek",
    "Alibaba": "Tencent",
    "Trump": "Biden",
    "Chinese": "Japanese",
    "Lefèvre": "Varley",
    "覃春梅": "周小满",
    "田志远": "覃春梅",
    "周小满": "田志远",
    "雾岭": "青溪",
    "福鼎大白": "龙井",
    "鹰嘴坪": "石桥镇",
    "石桥镇": "雾岭村",
    "勒菲弗": "杜邦",
}
OTHER_WORDS = {
    "grinds": "mills",
    "flour": "meal",
    "wheel": "rotor",
    "built": "constructed",
    "about": "roughly",
    "people": "persons",
    "companies": "firms",
    "developed": "created",
    "metres": "meters",
    "night": "evening",
    "library": "reading room",
    "small": "little",
    "founded": "established",
    "kept": "stored",
    "told": "informed",
    "合作社": "合作组织",
    "社员": "成员",
    "茶园": "茶田",
    "参观": "游览",
    "铺子": "店铺",
    "土": "泥土",
    "做成": "制成",
}
JOINS = {"…": " … ", "...": "... ", "[...]": " [...] ", "comma": ", ", "a space": " ", "nothing": ""}

_AUXILIARY = re.compile(r"\b(?:is|was|are|were|has|have|had|can|may|should|will|must|does|do)\b")
_NEGATED = re.compile(r"\b(?:not|never|no|nobody|nowhere) |不|没有")
_DIGIT = re.compile(r"\d(?!.*\d)", re.DOTALL)
_LONG_NUMBER = re.compile(r"\d+[.,]\d+|\d{2,}")
_LOWER = re.compile(r"(?<=[a-z] )[a-z](?=[a-z]{3})")


def faults_in(samples: Samples) -> Iterator[ScriptedAnswer]:
    """Yield the answers that must not be shown."""
    yield from _invented(samples)
    yield from _empty(samples)
    for kind, change in _FALSIFIED.items():
        yield from _falsified("made up", f"true words, {kind}", change, samples)
    yield from _cut_numbers(samples)
    yield from _stitched(samples)
    for kind, change in _REWORDED.items():
        yield from _falsified("reworded", kind, change, samples)
    for place in samples.places:
        quote = place.shown.replace("²", "2").replace("½", "1/2")
        if quote != place.shown:
            yield ScriptedAnswer("reworded", "superscripts and fractions levelled", quote, place, None)


def _invented(samples: Samples) -> Iterator[ScriptedAnswer]:
    for quote, named in zip(INVENTED, spread(samples.places, len(INVENTED)), strict=True):
        if samples.stand(quote):
            raise ValueError(f"it was to be made up, and stands there: {quote}")
        yield ScriptedAnswer("made up", "a sentence nobody wrote", quote, named, None)


def _empty(samples: Samples) -> Iterator[ScriptedAnswer]:
    named = samples.places[0]
    for quote in (None, "", " ", "…", "“”", "...", "[3]", "P1", "- – —"):
        yield ScriptedAnswer("made up", "no words", quote, named, None)
    for place in spread((one for one in samples.places if one.passage.title), samples.per_kind // 2):
        heading = f"From: {place.passage.title}"
        if not samples.stand(heading):
            yield ScriptedAnswer("made up", "the line of the title", heading, place, None)


def _falsified(
    family: Family, kind: str, change: Callable[[str], str], samples: Samples
) -> Iterator[ScriptedAnswer]:
    changed = [(place, change(place.shown)) for place in samples.places]
    false = (one for one in changed if one[1] != one[0].shown and not samples.stand(one[1]))
    for place, quote in spread(false, samples.per_kind):
        yield ScriptedAnswer(family, kind, quote, place, None)


def _cut_numbers(samples: Samples) -> Iterator[ScriptedAnswer]:
    """Yield quotes that begin or end inside a number: "4 hectares" of "2.4 hectares"."""
    cuts = []
    for place in samples.places:
        if place.shape != "sentence":
            continue
        for number in _LONG_NUMBER.finditer(place.shown):
            inside = number.start() + (re.search(r"[.,]", number[0]) or re.match(".", number[0])).end()
            cuts.append((place, place.shown[inside:]))
            cuts.append((place, place.shown[:inside]))
    for place, quote in spread((one for one in cuts if len(letters(one[1])) > 5), 2 * samples.per_kind):
        yield ScriptedAnswer("made up", "true words, a number cut short", quote, place, None)


def _stitched(samples: Samples) -> Iterator[ScriptedAnswer]:
    sentences = [one for one in samples.places if one.shape == "sentence"]
    for where, step in (("one passage", 1), ("two passages", len(sentences) // 3)):
        pairs = [(one, sentences[(at + step) % len(sentences)]) for at, one in enumerate(sentences)]
        pairs = [
            (one, other)
            for one, other in pairs
            if (one.passage == other.passage) == (where == "one passage")
            and one.is_chinese == other.is_chinese
        ]
        for kind, join in JOINS.items():
            halves = ((one, f"{_half(one)}{join}{_half(other, second=True)}") for one, other in pairs)
            for place, quote in spread(
                (one for one in halves if not samples.stand(one[1])), samples.per_kind
            ):
                yield ScriptedAnswer("stitched", f"{where}, by {kind}", quote, place, None)


def _half(place: Place, *, second: bool = False) -> str:
    """Return half of a sentence: of its words, or of its characters where there are no spaces."""
    words = re.findall(r"\S+\s*", place.shown) if " " in place.shown else list(place.shown)
    middle = len(words) // 2
    return "".join(words[middle:] if second else words[:middle]).strip()


def _another_number(text: str) -> str:
    return _DIGIT.sub(lambda match: str((int(match[0]) + 4) % 10), text, count=1)


def _replacing(others: Mapping[str, str]) -> Callable[[str], str]:
    pattern = re.compile("|".join(re.escape(one) for one in others))
    return lambda text: pattern.sub(lambda match: others[match[0]], text, count=1)


def _negated(text: str) -> str:
    if " " in text:
        return _AUXILIARY.sub(lambda match: f"{match[0]} not", text, count=1)
    return re.sub(r"是|种|卖|购|由|做|拿|装|返还", lambda match: f"不{match[0]}", text, count=1)


def _words_of(text: str) -> list[str]:
    return text.split(" ") if " " in text else list(text)


def _joined(words: list[str], text: str) -> str:
    return (" " if " " in text else "").join(words)


def _dropped(text: str) -> str:
    words = _words_of(text)
    at = len(words) // 2
    return _joined([*words[:at], *words[at + 1 :]], text)


def _added(text: str) -> str:
    words = _words_of(text)
    at = len(words) // 2
    return _joined([*words[:at], "very" if " " in text else "很", *words[at:]], text)


def _reordered(text: str) -> str:
    words = _words_of(text)
    at = len(words) // 2
    return _joined([*words[: at - 1], words[at], words[at - 1], *words[at + 1 :]], text)


def _first_letter(text: str) -> str:
    return text[0].swapcase() + text[1:]


_FALSIFIED: Mapping[str, Callable[[str], str]] = {
    "another number": _another_number,
    "another name": _replacing(OTHER_NAMES),
    "a negation put in": _negated,
    "a negation left out": lambda text: _NEGATED.sub("", text, count=1),
}
_REWORDED: Mapping[str, Callable[[str], str]] = {
    "a word replaced": _replacing(OTHER_WORDS),
    "a word left out": _dropped,
    "a word put in": _added,
    "two words changed about": _reordered,
    "first letter's case": _first_letter,
    "a word's case": lambda text: _LOWER.sub(lambda match: match[0].upper(), text, count=1),
    "capitals": str.upper,
    "accents left out": lambda text: re.sub(
        "[éèïÉ]", lambda match: {"ï": "i", "É": "E"}.get(match[0], "e"), text
    ),
}
