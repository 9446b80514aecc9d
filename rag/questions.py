"""What a question asks for, told from its own words: the kind of answer and the terms to look for."""

import re
from dataclasses import dataclass
from typing import Literal

from pincite.index.language import script_of
from pincite.index.tokens import STOP_WORDS, fold, query_terms, terms_of

Kind = Literal["who", "when", "where", "number", "which", "what", "reason", "other"]

_TIME_NOUNS = "year|date|day|month|century|decade|time|period|season|era"
_NUMBER_NOUNS = (
    "number|percentage|percent|amount|size|length|height|age|price|cost|population|share|proportion"
)
_PLACE_NOUNS = "city|country|place|state|town|village|region|county|province|continent|island|street|location"
_PERSON_NOUNS = "person|man|woman|author|president|king|queen|actor|actress|singer|scientist|leader|director"
_MEASURES = "many|much|long|old|far|tall|large|big|high|deep|wide|often|fast|heavy|late|early|soon"
_BETWEEN = r"(?:\w+\s+){0,2}?"

_ENGLISH: tuple[tuple[Kind, str], ...] = (
    (
        "reason",
        r"\bwhy\b|\bwhat\s+(?:is|was|are|were)\s+the\s+(?:reason|cause|purpose)|\bhow\s+come\b"
        r"|\bfor what reason",
    ),
    ("when", rf"\bwhen\b|\b(?:what|which)\s+{_BETWEEN}(?:{_TIME_NOUNS})\b"),
    ("number", rf"\bhow\s+(?:{_MEASURES})\b|\b(?:what|which)\s+{_BETWEEN}(?:{_NUMBER_NOUNS})\b"),
    ("who", rf"\bwho(?:m|se)?\b|\b(?:what|which)\s+{_BETWEEN}(?:{_PERSON_NOUNS})\b"),
    ("where", rf"\bwhere\b|\b(?:what|which)\s+{_BETWEEN}(?:{_PLACE_NOUNS})\b"),
    ("which", r"\bwhich\b"),
    ("what", r"\bwhat\b|\bname\s+(?:the|one|a)\b"),
    ("reason", r"\bhow\b|^\s*(?:describe|explain|summari[sz]e|list|tell|compare)\b"),
)
_CHINESE: tuple[tuple[Kind, str], ...] = (
    ("reason", r"为什么|为何|原因|怎么|怎样|如何"),
    ("when", r"什么时候|何时|哪一?[年天月日]|几[年月日号]|什么时间|多久"),
    ("number", r"多少|几|多[大高长远深重宽]"),
    ("who", r"谁|哪位|什么人"),
    ("where", r"哪里|哪儿|何处|什么地方|哪个?[省市县国城]|位于哪"),
    ("which", r"哪"),
    ("what", r"什么|何"),
)
_HEAD = re.compile(r"\b(?:what|which)\s+((?:[\w'’-]+\s*){1,3})", re.IGNORECASE)
_PLURAL = r"(?!(?:was|has|does|this|his|its)\b)(?-i:[a-z])\w+(?<![su])s\b"
_LISTED = re.compile(
    rf"^\W*(?:list|enumerate)\b|^\W*name\s+(?:\w+\s+){{0,3}}?{_PLURAL}"
    rf"|(?:^\W*|\b(?:in|on|at|of|to|for|by|from|with)\s+)which\s+{_PLURAL}(?!\s+(?:the|an?|its|their)\b)"
    rf"|\b(?:which|what)\s+{_BETWEEN}{_PLURAL}\s+(?:are|were|do|did|have|had|can|could)\b"
    rf"|\b(?:who|what|which)\s+(?:are|were)\s+(?:all\s+)?(?:the|some)\s+{_BETWEEN}{_PLURAL}",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][\w'’&.-]*|\b\w*\d\w*\b")


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart. All terms are as ``index.tokens`` makes them.

    ``names`` are the terms of names and numbers in it, which a passage that answers should hold; ``head``
    those of the noun after "which" or "what" ("which bank"), which the answer itself may hold.
    ``wants_several`` says whether it asks for a list, in English.
    """

    text: str
    kind: Kind
    terms: tuple[str, ...]
    names: frozenset[str]
    head: frozenset[str]
    is_chinese: bool
    wants_several: bool

    @property
    def wants_sentence(self) -> bool:
        """Whether more than a phrase is asked for: a reason, a manner, a description, yes or no."""
        return self.kind in ("reason", "other")

    @classmethod
    def of(cls, text: str) -> "Question":
        """Take ``text`` apart."""
        is_chinese = script_of(text) == "han"
        terms = tuple(query_terms(text))
        names = {term for match in _NAME.finditer(text.strip()) for term in terms_of(match.group())}
        return cls(
            text=text,
            kind=_kind(text, is_chinese),
            terms=terms,
            names=frozenset(names & set(terms)),
            head=_head(text),
            is_chinese=is_chinese,
            wants_several=_LISTED.search(text) is not None,
        )


def _kind(text: str, is_chinese: bool) -> Kind:
    folded = fold(text)
    for kind, pattern in _CHINESE if is_chinese else _ENGLISH:
        if re.search(pattern, folded):
            return kind
    return "other"


def _head(text: str) -> frozenset[str]:
    match = _HEAD.search(text)
    words = match.group(1).split() if match else []
    nouns: list[str] = []
    for word in words:
        if fold(word) in STOP_WORDS:
            break
        nouns.append(word)
    return frozenset(terms_of(" ".join(nouns)))
