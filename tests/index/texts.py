"""Texts of the kinds that a splitter meets, for property tests: fragments that look like something, and
noise.
"""

from __future__ import annotations

from hypothesis import strategies as st

_FRAGMENTS = st.sampled_from(
    [
        *("Group 1 - ", "Group 2 – ", "Group 2:", "Group 3 -", "Group 10: ", "Age Group 3 - 5", "GROUP 1"),
        *("第1组：", "第二组 ", "第3組:", "第十组", "Group 1", "Group 2", "Group"),
        *("[1]", "[2][3]", "[4, 5].", "[sic]", " - ", "] - ", "- ", "* ", "1. ", "2、", "3.5 ", "12)"),
        *(
            "A point was made",
            "Boston - New York",
            "U.S. ",
            "Dr. Wu",
            "“No.” ",
            "他说：“好。”",
            "雾岭茶叶",
            "😀",
            "a\u0301",
        ),
        *(
            ". ",
            "。",
            "！",
            "?",
            "...",
            "…",
            "\n",
            "\n\n",
            " ",
            "\t",
            "\u3000",
            "\r\n",
            "\x0b",
            "\u2028",
            "\ufeff",
        ),
        *("Title line", "3 6 Ke·2025-08-14 10:10", "Pub·2025-02-30", "·2025-01-01", "P•2024年1月2日"),
        *("# Heading", "## ", "```", "Setext\n===", "| a | b |", "| --- |", "> ", "---"),
        *("\x00", "\ud800", "\udfff", "x" * 90, "word " * 40, "字" * 80),
    ]
)
texts = st.lists(_FRAGMENTS | st.text(max_size=6), max_size=25).map("".join)
"""Any text, put together from such fragments; also with what no file should hold."""

grouped_texts = texts.map("Group 1 - ".__add__)
"""The same behind a first marker, so that there are always groups and points."""
