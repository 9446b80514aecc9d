"""Mails of both formats: headers, what is quoted, attachments, and whatever breaks the rules."""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents
from pincite.index.splitter import split

from ..texts import texts
from .ole import Tree, ole_file, properties
from .real_files import real_files
from .test_archive import zipped

EMLS = real_files("eml")


def read_mail(content: bytes, name: str = "a.eml") -> list[Document]:
    return list(read_documents(File(name, content)))


def mail(text: str = "Dear Ben,\nthe ferry is late.\n", **headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {
        "Subject": "Fähre 渡轮",
        "From": "Ada Moss <ada@example.org>",
        "To": "ben@example.org",
        "Date": "Tue, 05 Nov 2024 10:30:59 +0800",
        **headers,
    }.items():
        message[name] = value
    message.set_content(text)
    return message


def sections_of(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(s.path, document.text[s.start : s.end].strip()) for s in document.sections]


def written(text: str) -> list[tuple[str, str]]:
    (document,) = read_mail(b"Subject: x\nContent-Type: text/plain; charset=utf-8\n\n" + text.encode())
    return [(path[0], part) for path, part in sections_of(document)]


def test_a_mail_is_its_text_with_what_its_headers_say() -> None:
    (document,) = read_mail(mail().as_bytes())
    assert document.metadata == {
        "title": "Fähre 渡轮",
        "author": "Ada Moss",
        "date": "2024-11-05T10:30",
        "subject": "Fähre 渡轮",
        "sender": "Ada Moss <ada@example.org>",
        "to": "ben@example.org",
    }
    assert sections_of(document) == [(("message",), "Dear Ben,\nthe ferry is late.")]
    assert split(document)[1][0].path == ("message",)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Yes.\n\nOn Tue, 5 Nov 2024, Ben wrote:\n> Is it late?\n> > It is?\n\nAda",
            [
                ("message", "Yes."),
                ("quoted", "On Tue, 5 Nov 2024, Ben wrote:\nIs it late?\nIt is?"),
                ("message", "Ada"),
            ],
        ),
        (
            "> Late?\nYes.\n> Sure?\nYes.",
            [("quoted", "Late?"), ("message", "Yes."), ("quoted", "Sure?"), ("message", "Yes.")],
        ),
        (
            "Yes.\n\nOn Tue, 5 Nov 2024 at 10:30,\nBen <b@example.org> wrote:\n\nIs it late?",
            [
                ("message", "Yes."),
                ("quoted", "On Tue, 5 Nov 2024 at 10:30,\nBen <b@example.org> wrote:\n\nIs it late?"),
            ],
        ),
        (
            "Yes.\n-----Original Message-----\nFrom: Ben\nLate?",
            [("message", "Yes."), ("quoted", "-----Original Message-----\nFrom: Ben\nLate?")],
        ),
        (
            "Yes.\n\nFrom: Ben\nSent: Tuesday\nTo: Ada\n\nLate?",
            [("message", "Yes."), ("quoted", "From: Ben\nSent: Tuesday\nTo: Ada\n\nLate?")],
        ),
        ("是的。\n\n发件人: 本\n晚了吗？", [("message", "是的。"), ("quoted", "发件人: 本\n晚了吗？")]),
        (
            "是的。\n\n本 于2024年11月5日写道：\n> 晚了吗？",
            [("message", "是的。"), ("quoted", "本 于2024年11月5日写道：\n晚了吗？")],
        ),
        ("From: here to there is far.\n-- \nAda", [("message", "From: here to there is far.\n-- \nAda")]),
        ("On Monday we met.\nBen wrote a book.", [("message", "On Monday we met.\nBen wrote a book.")]),
    ],
)
def test_what_is_quoted_stands_in_sections_of_its_own(text: str, parts: list[tuple[str, str]]) -> None:
    assert written(text) == parts


def test_html_is_read_where_there_is_no_plain_text_or_only_a_stub_of_it() -> None:
    html = (
        "<style>p{}</style><p>Dear Ben,<br>the ferry is late" + " again" * 40 + "</p><ul><li>one<li>two</ul>"
    )
    html += '<div class="gmail_quote">Ben wrote:<blockquote type="cite">Late?</blockquote></div><p>Ada'
    for text, is_html in [
        ("", True),
        ("Your client cannot show HTML.", True),
        ("The ferry is late. " * 20, False),
    ]:
        message = mail(text)
        message.add_alternative(html, subtype="html")
        (document,) = read_mail(message.as_bytes())
        parts = sections_of(document)
        assert ("- one\n- two" in parts[0][1]) is is_html
        if is_html:
            assert [path for path, _ in parts] == [("message",), ("quoted",), ("message",)]
            assert parts[1][1] == "Ben wrote:\n\nLate?"


def test_attachments_are_documents_under_names_of_their_own() -> None:
    inner = mail("Inner text.", Subject="Inner")
    inner.add_attachment(b"a,b\n1,2", maintype="text", subtype="plain", filename="deep.txt")
    message = mail()
    for content in (b"first report", b"second report"):
        message.add_attachment(content, maintype="text", subtype="plain", filename="report.txt")
    message.add_attachment(b"ID3\x04\x00", maintype="audio", subtype="mpeg", filename="hymn.mp3")
    message.add_attachment(b"evil", maintype="text", subtype="plain", filename="../../etc/pass\u202ewd\n.txt")
    message.add_attachment(inner)
    own, *others = read_mail(message.as_bytes())
    assert own.notes == ("attachment hymn.mp3: .mp3 files cannot be read",)
    assert [(one.part, one.text.strip()) for one in others] == [
        ("report.txt", "first report"),
        ("report (2).txt", "second report"),
        ("_.._etc_pass_wd_.txt", "evil"),
        ("Inner.eml", "Inner text."),
        ("Inner.eml/deep.txt", "a,b\n1,2"),
    ]
    assert others[3].metadata["subject"] == "Inner"


def test_a_mail_without_text_still_gives_its_attachments_and_notes() -> None:
    message = mail("", Subject="")
    message.add_attachment(b"the report", maintype="text", subtype="plain", filename="report.txt")
    message.add_attachment(b"\x00" * 50, maintype="audio", subtype="mpeg", filename="a.mp3")
    (document,) = read_mail(message.as_bytes())
    assert (document.part, document.text) == ("report.txt", "the report")
    assert document.notes == ("attachment a.mp3: .mp3 files cannot be read",)
    only_image = mail("")
    only_image.add_attachment(b"\x00" * 50, maintype="audio", subtype="mpeg", filename="a.mp3")
    (document,) = read_mail(only_image.as_bytes())
    assert (document.text, document.notes) == (
        "Fähre 渡轮\n\n",
        ("attachment a.mp3: .mp3 files cannot be read",),
    )
    del only_image["Subject"]
    with pytest.raises(UnsupportedDocument, match=r"^attachment a\.mp3: \.mp3 files cannot be read$"):
        read_mail(only_image.as_bytes())


def test_mails_in_mails_stop_somewhere() -> None:
    message = mail("level 0")
    for level in range(1, 9):
        outer = mail(f"level {level}", Subject=f"L{level}")
        outer.add_attachment(message)
        message = outer
    documents = read_mail(message.as_bytes())
    assert [d.text.strip() for d in documents] == [f"level {n}" for n in (8, 7, 6, 5, 4, 3)]
    assert documents[-1].notes == ("attachment L2.eml: it is nested too deeply",)


def test_too_many_attachments_are_noted() -> None:
    boundary = "\n--b\nContent-Disposition: attachment; filename=a.txt\n\nx"
    head = "Subject: many\nContent-Type: multipart/mixed; boundary=b\n"
    documents = read_mail((head + boundary * 1_005 + "\n--b--").encode())
    assert len(documents) == 1_001
    assert documents[-1].part == "a (1000).txt"
    assert documents[0].notes[0].startswith("attachment a (1001).txt and those after it: there are too many")


@pytest.mark.parametrize(
    ("head", "note"),
    [
        ("multipart/encrypted; boundary=b", "the message is encrypted and was not read"),
        ("application/pkcs7-mime; smime-type=enveloped-data", "the message is encrypted and was not read"),
        (
            "application/pkcs7-mime; smime-type=signed-data",
            "the message is sealed in a signature and was not read",
        ),
    ],
)
def test_sealed_mails_say_so(head: str, note: str) -> None:
    content = (
        f"Subject: secret\nContent-Type: {head}\n\n--b\nContent-Type: application/pgp-encrypted\n\nx\n--b--"
    )
    (document,) = read_mail(content.encode())
    assert (document.text, document.notes) == ("secret\n\n", (note,))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Subject: =?utf-8?b?6Zu+5bKt?= tea", "雾岭 tea"),
        (b"Subject: =?nonsense?q?abc?= x", "=?nonsense?q?abc?= x"),
        (b"Subject: =?utf-8?b?****?=", None),
        ("Subject: 雾岭".encode(), "雾岭"),
        ("Subject: 雾岭村在青溪县西北角".encode("gb18030"), "雾岭村在青溪县西北角"),
        (b"Subject: a\r\n b\r\n\tc", "a b c"),
        (b"Subject:", None),
    ],
)
def test_headers_are_read_as_far_as_they_can_be(raw: bytes, expected: str | None) -> None:
    (document,) = read_mail(raw + b"\nFrom: \xff\xfe<\nDate: 99 Foo 2024\nTo: =?\n\nbody text")
    assert "date" not in document.metadata
    if expected:
        assert document.metadata["subject"] == expected
    assert document.text == "body text\n\n"


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("gb2312", "雾岭村在山里，镕".encode("gbk")),
        ("no-such", "雾岭村在山里，镕".encode()),
        ("us-ascii", "雾岭村在山里，镕".encode()),
        ("iso-8859-1", "雾岭村在山里，镕".encode()),
        ("utf-7", "雾岭村在山里，镕".encode("utf-7")),
        ("", "雾岭村在山里，镕".encode()),
    ],
)
def test_charsets_may_be_unknown_or_lie(charset: str, content: bytes) -> None:
    (document,) = read_mail(f"Content-Type: text/plain; charset={charset}\n\n".encode() + content)
    assert document.text.strip() == "雾岭村在山里，镕"


@pytest.mark.parametrize(
    ("stated", "part"),
    [
        ('filename="报告.txt"'.encode(), "报告.txt"),
        (b"filename*=utf-8''%E6%8A%A5.txt", "报.txt"),
        (b'filename="=?utf-8?b?5oqlLnR4dA==?="', "报.txt"),
        (b'filename="a\\"b;c.txt"', 'a"b;c.txt'),
        (b"filename=..", "unnamed"),
    ],
)
def test_attachments_names_are_read_however_they_are_written(stated: bytes, part: str) -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; "
    (document,) = read_mail(head + stated + b"\n\nthe text\n--b--")
    assert document.part == part


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: text/plain; " + "a=b; " * 20_000,
        "Content-Type: " + "(" * 50_000,
        "Subject: " + "=?utf-8?q?" * 50_000,
        "From: " + "(<" * 50_000,
        "Content-Type: text/plain; " + " ".join(f"name*{n}=a;" for n in range(3_000)),
    ],
)
def test_headers_without_end_do_no_harm(head: str) -> None:
    (document,) = read_mail(f"{head}\n\nthe text".encode())
    assert document.text.strip() == "the text"


def test_the_first_mail_of_an_mbox_is_read_and_the_others_are_counted() -> None:
    box = b"".join(
        b"From ada@example.org Tue Nov  5 10:30:59 2024\nSubject: %d\n\nmail %d\n\n" % (n, n)
        for n in range(3)
    )
    (document,) = read_mail(box)
    assert document.text == "mail 0\n\n"
    assert document.notes == ("2 more mails in the file: only the first is read",)


@pytest.mark.parametrize(
    "content", [b" \n ", b"From:\n\n", b"Content-Type: multipart/mixed; boundary=x\n\n--x\n"]
)
def test_a_mail_with_nothing_in_it_says_so(content: bytes) -> None:
    with pytest.raises(UnsupportedDocument, match="there is no text in it"):
        read_mail(content)


def test_deeply_nested_parts_do_no_harm() -> None:
    nested = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(3_000))
    with pytest.raises(UnsupportedDocument, match=r"nested too deeply|there is no text"):
        read_mail(nested.encode())


def test_an_attached_archive_bomb_is_only_noted() -> None:
    message = mail()
    bomb = zipped({"mimetype": b"application/epub+zip", "a": bytes(30_000_000)})
    message.add_attachment(bomb, maintype="application", subtype="zip", filename="a.epub")
    (document,) = read_mail(message.as_bytes())
    assert "it looks like a zip bomb" in document.notes[0]


def _addresses(written: object) -> list[str]:
    return [address for _, address in getaddresses([str(written)])]


@pytest.mark.skipif(not EMLS, reason="no sample mails here: set PINCITE_DATA")
@pytest.mark.parametrize("file", EMLS, ids=lambda file: file.name)
def test_real_mails_say_what_the_email_package_finds_in_them(file: Path) -> None:
    content = file.read_bytes()
    if b"\x00" in content[:100]:
        content = content.decode("utf-16" if content[:1] in b"\xff\xfe" else "utf-16-be").encode()
    raw = email.message_from_bytes(content, policy=email.policy.default)
    try:
        own, *_ = read_mail(content)
    except UnsupportedDocument:
        assert file.name in ("empty.eml", "fake-encrypted.eml")
        return
    assert own.metadata.get("subject", "") == " ".join(str(raw["Subject"] or "").split())
    assert _addresses(own.metadata.get("to", "")) == _addresses(str(raw["To"] or ""))
    plain = raw.get_body(("plain",))
    payload = plain.get_payload(decode=True) if plain is not None and not plain.get_filename() else b""
    assert isinstance(payload, bytes)
    if plain is not None and payload.strip():
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            text = payload.decode(plain.get_content_charset("cp1252"), "replace")
        words = Counter(re.findall(r"\w+", text))
        ours = Counter(re.findall(r"\w+", own.text))
        assert not words - ours


_lines = st.sampled_from(
    [
        "> ",
        "\n",
        "On Monday Ben wrote:\n",
        "-----Original Message-----\n",
        "From: x\nSent: y\nTo: z\n",
        "发件人: x\n",
        "text ",
    ]
)


@given(st.lists(_lines | texts, max_size=20).map("".join), st.booleans())
def test_every_span_is_where_it_says(body: str, is_html: bool) -> None:
    kind = "html" if is_html else "plain"
    head = f"Content-Type: text/{kind}; charset=utf-8\n\n"
    try:
        documents = read_mail(head.encode() + body.encode("utf-8", "replace"))
    except UnsupportedDocument:
        return
    for document in documents:
        place = 0
        for section in document.sections:
            assert place <= section.start <= section.body_start <= section.end <= len(document.text)
            place = section.end
        for group in split(document)[1]:
            assert document.text[group.start : group.end] == group.text


def outlook(others: Tree | None = None, header_size: int = 32) -> Tree:
    values = {
        0x0037: "Fähre 渡轮",
        0x0C1A: "Ada Moss",
        0x0C1F: "ada@example.org",
        0x0E04: "Ben Oak",
        0x0039: datetime(2024, 11, 5, 10, 30, 59, tzinfo=UTC),
        0x1000: "Dear Ben,\r\nthe ferry is late.\r\n\r\n-----Original Message-----\r\nLate?",
    }
    return {**properties(values, header_size), **(others or {})}


def attached(name: str, content: bytes) -> Tree:
    return properties({0x3707: name, 0x3701: content}, 8)


def test_an_outlook_mail_is_read_as_any_mail() -> None:
    inner = {**properties({0x3707: "Inner"}, 8), "__substg1.0_3701000D": outlook(header_size=24)}
    content = ole_file(
        outlook(
            {
                "__attach_version1.0_#00000000": attached("report.txt", b"the report " * 900),
                "__attach_version1.0_#00000001": attached("hymn.mp3", b"\x00" * 50),
                "__attach_version1.0_#00000002": inner,
                "__attach_version1.0_#00000003": properties({0x3707: "gone.txt"}, 8),
            }
        )
    )
    own, report, nested = read_mail(content, "a.msg")
    assert own.metadata == {
        "title": "Fähre 渡轮",
        "author": "Ada Moss",
        "date": "2024-11-05T10:30",
        "subject": "Fähre 渡轮",
        "sender": "Ada Moss <ada@example.org>",
        "to": "Ben Oak",
    }
    assert sections_of(own) == [
        (("message",), "Dear Ben,\nthe ferry is late."),
        (("quoted",), "-----Original Message-----\nLate?"),
    ]
    assert own.notes == (
        "attachment gone.txt: the file is not in the mail",
        "attachment hymn.mp3: .mp3 files cannot be read",
    )
    assert (report.part, report.text) == ("report.txt", "the report " * 900)
    assert (nested.part, nested.metadata["subject"]) == ("Fähre 渡轮.msg", "Fähre 渡轮")


@pytest.mark.parametrize(
    ("values", "text", "note"),
    [
        ({0x1013: "<p>Ferry – late".encode(), 0x3FDE: 65001}, "Ferry – late", None),
        ({0x1013: "<p>Ferry – late".encode("cp1252"), 0x3FDE: 1252}, "Ferry – late", None),
        ({0x1013: "<p>渡轮晚了".encode("gbk"), 0x3FDE: 936}, "渡轮晚了", None),
        ({0x1009: b"compressed", 0x0037: "Late"}, "Late", "its text is stored as compressed RTF"),
        ({0x001A: "IPM.Note.SMIME", 0x0037: "Late"}, "Late", "the message is encrypted or sealed"),
    ],
)
def test_outlooks_other_kinds_of_text(values: dict[int, object], text: str, note: str | None) -> None:
    (document,) = read_mail(ole_file(properties(values, 32)), "a.msg")
    assert document.text.strip() == text
    assert [one.startswith(note or "") for one in document.notes] == ([True] if note else [])


@pytest.mark.parametrize("cut", [8, 100, 511, 600, 1_500, 3_000])
def test_a_cut_outlook_mail_is_refused(cut: int) -> None:
    content = ole_file(outlook())
    with pytest.raises(UnsupportedDocument):
        read_mail(content[:cut], "a.msg")
