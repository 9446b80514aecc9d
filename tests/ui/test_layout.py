"""What stands on the page, without a browser."""

import subprocess
import sys

from pincite.ui.layout import GRADIOS_WORDS, translations
from pincite.ui.words import CHINESE, ENGLISH

LAY_OUT = """
import gradio
from pincite.ui.layout import lay_out

with gradio.Blocks(analytics_enabled=False):
    lay_out(lambda key: print(key) or key)
"""


def test_gradio_is_told_just_the_words_that_its_parts_show() -> None:
    laid_out = subprocess.run([sys.executable, "-c", LAY_OUT], check=True, capture_output=True, text=True)
    assert set(laid_out.stdout.split()) == set(GRADIOS_WORDS)


def test_gradios_words_are_told_under_every_name_of_a_language() -> None:
    told = translations()
    assert told["en"]["ask"] == ENGLISH.ask
    assert told["zh"] == told["zh-CN"] == told["zh-TW"]
    assert told["zh"]["ask"] == CHINESE.ask
