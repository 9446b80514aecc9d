"""Which encoding the bytes of an RTF file are in: its code page, or the one of a font's charset."""

import codecs

_CHARSETS = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    255: "cp437",
}
_CODE_PAGES = {708: "iso8859_6", 936: "gb18030", 1361: "johab", 10000: "mac_roman", 65001: "utf_8"}
WESTERN = "cp1252"


def encoding_of_charset(charset: int) -> str | None:
    """Return the encoding of a font's ``\\fcharset``; None where it means the document's own."""
    return _CHARSETS.get(charset)


def encoding_of_code_page(number: int) -> str:
    """Return the encoding of a Windows code page; the western one for a number that Python has none for."""
    name = _CODE_PAGES.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return WESTERN
    return name
