"""Tells the old one-byte encodings of Latin letters apart, by the alphabets of the languages written in them.

A byte that is ł in one encoding is ³ in another: the right one gives letters that one language has together.
Statistics of words, which a general detector goes by, see little of that in a short text.
"""

import re
from collections import Counter

_ALPHABETS = {
    "cp1252": (
        "éèêïöçñôâüàáíóæœ",
        "àâæçéèêëîïôœùûüÿ",
        "äöüß",
        "áéíñóúüªº",
        "áâãàçéêíóôõúªº",
        "àèéìíîòóùú",
        "æøåäöéü",
        "áéíóúýþæðö",
        "éëïóöüèê",
        "àçèéíïòóúü·",
        "äöüõšž",
    ),
    "cp1250": (
        "óąćęłńśźż",
        "áčďéěíňóřšťúůýž",
        "áäčďéíĺľňóôŕšťúýž",
        "áéíóöőúüű",
        "čćđšž",
        "áâăîşţ",
    ),
    "cp1254": ("çğıiöşüâîû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž"),
}
_ALPHABETS["iso8859_2"] = _ALPHABETS["cp1250"]
_OTHER_SIGNS = frozenset("’‘‚“”„‹›«»–—…•€£¥§©®™°±·¿¡½¼¾×µ²ªº\u00a0\u00ad")
_SURE = 0.9
_LONGEST_SAMPLE = 500_000


def latin_encoding(content: bytes) -> str | None:
    """Return the encoding under which the bytes above 127 are letters of one language, if one does."""
    counts = Counter(re.findall(rb"[\x80-\xff]", content[:_LONGEST_SAMPLE]))
    scores = {encoding: _share(counts, encoding) for encoding in _ALPHABETS}
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] >= _SURE else None


def _share(counts: Counter[bytes], encoding: str) -> float:
    """Return the largest share that one language, with its signs, has of the bytes."""
    characters = Counter[str]()
    for byte, count in counts.items():
        characters[byte.decode(encoding, errors="replace").lower()] += count
    signs = sum(characters[sign] for sign in _OTHER_SIGNS)
    letters = max(
        sum(characters[letter] for letter in alphabet if letter not in _OTHER_SIGNS)
        for alphabet in _ALPHABETS[encoding]
    )
    return (signs + letters) / max(characters.total(), 1)
