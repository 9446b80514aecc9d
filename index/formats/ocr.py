"""Reads the text in pictures of pages, through the optional extra ``pincite[ocr]``.

RapidOCR brings the weights of its models (PP-OCRv6, Chinese and English) in its package, so nothing is
downloaded. Lines are put in order as those of a PDF are; they have no places, since no file counts their
characters.
"""

import importlib.util
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.pdf_columns import Line, Piece, Run, lines_of
from pincite.index.formats.pdf_lines import PageText, page_of
from pincite.index.formats.pdfium import Frame
from pincite.index.formats.text import plain_text
from pincite.index.telemetry import refuse_telemetry

NO_TEXT_LAYER = "no text layer: install pincite[ocr]"
NOTHING_RECOGNISED = "no text layer, and no text was recognised on its pages"
_LONGEST_SIDE = 2_000


def is_installed() -> bool:
    """Whether pictures can be read."""
    return importlib.util.find_spec("rapidocr") is not None


def recognised(image: Image.Image) -> PageText:
    """Return the text of a picture, measured in its pixels."""
    if not is_installed():
        raise UnsupportedDocument(NO_TEXT_LAYER)
    image = image.convert("RGB")
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    found = _engine()(np.asarray(image)[:, :, ::-1])
    texts = [" ".join(plain_text(text).split()) for text in found.txts or ()]
    boxes = np.asarray(() if found.boxes is None else found.boxes, np.float64)
    runs = [
        Run(number, number + 1, *corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
        for number, corners in enumerate(boxes)
    ]
    lines = [(_text_of(line, texts), line) for line in lines_of(list(map(Piece, runs)))]
    return page_of(lines, Frame(0, 0, *image.size, 0))


def _text_of(line: Line, texts: list[str]) -> str:
    return " ".join(texts[run.start] for run in line.runs)


@cache
def _engine() -> Any:
    refuse_telemetry()  # RapidOCR runs its models on onnxruntime
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "critical"})
