"""Whether one of two texts denies what the other says, as far as words tell.

A negation counts by what it stands before: "no illustrations" says nothing of "250 copies" in the same
sentence. One that both texts have cancels out. What is left over in one of them is a contradiction, unless
the other says the same by a word that denies by itself ("void", "lacks", 拒绝) or that sets something apart
("rather than", "only", 除外). English and Chinese; irony and double negations are beyond it.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass

from pincite.index.language import HAN
from pincite.index.tokens import STOP_WORDS, fold, terms_of

_NEGATION = re.compile(
    r"\b(?:no(?!\. ?\d| (?:more|less|fewer|later|earlier) than\b)"
    r"|not(?! (?:only|more|less|fewer|later|earlier)\b)|never|none|nor|neither|nobody|nothing|nowhere|cannot"
    r"|without|no one|rather than|instead of)\b|n['’]t\b",
    re.IGNORECASE,
)
_DENYING = re.compile(
    r"\b(?:avoid\w*|void|fail\w*|lack\w*|refus\w*|reject\w*|den(?:y|ies|ied)|forbid\w*|forbade|ban|bans|banned"
    r"|prohibit\w*|prevent\w*|stopp?(?:s|ed)?|ceas\w*|absent|absence|missing|miss(?:es|ed)|veto\w*|block\w*|cancel\w*"
    r"|abolish\w*|exclud\w*|unable|impossible|invalid|illegal|closed|abandon\w*|withdr[ae]w\w*|free of|empty"
    r"|un(?!der|it|ion|iver|til|ique|iform|cle)[a-z]{4,}|los[te]\w?|drop(?:s|ped)?|dismiss\w*|declin\w*|oppos\w*)\b",
    re.IGNORECASE,
)
_SETTING_APART = re.compile(
    r"\b(?:only|except\w*|apart from|but|other than|unless|before|until|too|hardly|scarcely"
    r"|barely|rarely|seldom|few|little|least|last|alone|just|far from|no longer|yet|still)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:.!?()—–|｜]|\b(?:and|but|because|although|though|while|if|when|since|which|who)\b")
_LONGEST_SCOPE = 60  # characters

_NEGATION_IN_CHINESE = re.compile(
    r"不(?![断仅但过少久同错到足止如])|没有?|未(?!来)|无(?![论线人数])|非(?!常)|并非|而非|莫|勿|别(?=[再用让把])"
)
_DENYING_IN_CHINESE = re.compile(
    r"拒绝|禁止|缺[席乏少失]|避免|失败|停止|取消|除外|免于|否[认决]|反对|驳回|放弃|关闭|闭馆|废除|退出"
)
_SETTING_APART_IN_CHINESE = re.compile(
    r"首次|首个|第一|唯一|只|仅|才|以前|除外|除了|除非|而是|此前|才能|最后"
)
_CLAUSE_IN_CHINESE = re.compile(r"[，,。；;：:！？!?、（）()|｜]")
_MANY_HAN = re.compile(f"[{HAN}]{{2}}")


@dataclass(frozen=True, slots=True)
class _Denials:
    """What a text denies: for each negation the terms that it stands before, for each word that denies by
    itself its own term and those of its clause.
    """

    negated: tuple[frozenset[str], ...]
    denying: dict[str, frozenset[str]]
    sets_apart: bool
    terms: frozenset[str]


def contradicts(claim: str, quote: str) -> bool:
    """Whether ``claim`` denies what ``quote`` does not, or says what it denies.

    >>> contradicts("It had illustrations.", "It had 250 copies and no illustrations")
    True
    >>> contradicts("It had 250 copies.", "It had 250 copies and no illustrations")
    False
    """
    ours, theirs = _denials(claim), _denials(quote)
    ours_left, theirs_left = _uncancelled(ours.negated, theirs.negated)
    ours_denying = ours.denying.keys() - theirs.denying.keys()
    theirs_denying = theirs.denying.keys() - ours.denying.keys()
    if ours_left:
        return not (theirs_left or theirs_denying or theirs.sets_apart)
    if ours_denying:
        return False
    if any(2 * len(ours.terms & scope) >= len(scope) for scope in theirs_left):
        return True
    return any(_repeats(ours.terms, word, theirs.denying[word]) for word in theirs_denying)


def _repeats(terms: frozenset[str], word: str, clause: frozenset[str]) -> bool:
    """Whether terms say what a clause denies: half of it or two of its terms, or the word without its un-."""
    rest = clause - {word}
    shared = len(terms & rest)
    return shared > 1 or 0 < len(rest) <= 2 * shared or (word.startswith("un") and word[2:] in terms)


def negates_alone(claim: str, quote: str) -> bool:
    """Whether one of the two negates something, in so many words, and the other does not."""
    left, right = _uncancelled(_denials(claim).negated, _denials(quote).negated)
    return bool(left) != bool(right)


def _denials(text: str) -> _Denials:
    if _MANY_HAN.search(text):
        return _read(
            text, _NEGATION_IN_CHINESE, _DENYING_IN_CHINESE, _SETTING_APART_IN_CHINESE, _CLAUSE_IN_CHINESE
        )
    return _read(fold(text), _NEGATION, _DENYING, _SETTING_APART, _CLAUSE)


def _read(
    text: str,
    negation: re.Pattern[str],
    denying: re.Pattern[str],
    setting_apart: re.Pattern[str],
    clause: re.Pattern[str],
) -> _Denials:
    ends = [match.start() for match in clause.finditer(text)]
    starts = [0, *(match.end() for match in clause.finditer(text))]

    def scope(start: int) -> frozenset[str]:
        place = bisect_right(ends, start)
        end = ends[place] if place < len(ends) else len(text)
        return _terms(text[start : min(end, start + _LONGEST_SCOPE)])

    negations = list(negation.finditer(text))
    denied = {
        _stem_of(match[0]): scope(starts[bisect_right(starts, match.start()) - 1])
        for match in denying.finditer(text)
    }
    return _Denials(
        tuple(scope(match.end()) for match in negations),
        denied,
        setting_apart.search(text) is not None,
        _terms(text),
    )


def _terms(text: str) -> frozenset[str]:
    return frozenset(term for term in terms_of(text) if term not in STOP_WORDS)


def _stem_of(word: str) -> str:
    return (terms_of(word) or [word])[0]


def _uncancelled(
    ours: tuple[frozenset[str], ...], theirs: tuple[frozenset[str], ...]
) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
    """Return the negations of either side that the other has nothing like: those with a term in common cancel
    one another.
    """
    left = [one for one in ours if not any(one & other for other in theirs)]
    right = [one for one in theirs if not any(one & other for other in ours)]
    return left, right
