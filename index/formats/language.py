"""Names languages as metadata do: "en", "zh", "ja" or "other"."""

import re

_KNOWN = {"en": "en", "eng": "en", "zh": "zh", "zho": "zh", "chi": "zh", "ja": "ja", "jpn": "ja"}
_NONE = frozenset({"und", "mul", "zxx"})


def language_name(tag: str) -> str:
    """Return the language of a tag such as "en-GB"; nothing where it names none.

    >>> language_name("zh-Hans"), language_name("fr"), language_name("und")
    ('zh', 'other', '')
    """
    code = re.split("[-_]", tag.strip().lower())[0]
    return _KNOWN.get(code, "other") if re.fullmatch("[a-z]{2,3}", code) and code not in _NONE else ""
