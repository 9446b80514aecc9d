"""Keeps the model libraries' chatter off the user's terminal while a model is fetched, loaded or converted.

Warnings and loggers are put back afterwards as they were. Errors are still logged, and exceptions pass.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

CHATTY = (
    "huggingface_hub",
    "onnx_ir",
    "onnxscript",
    "sentence_transformers",
    "torch",
    "torch.onnx",
    "transformers",
)


@contextmanager
def quiet() -> Iterator[None]:
    """Within it, no warnings, no log lines below error from ``CHATTY`` and no progress bars."""
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for name in CHATTY:
            stack.enter_context(errors_only(logging.getLogger(name)))
        stack.enter_context(_no_bars())
        yield


@contextmanager
def errors_only(logger: logging.Logger) -> Iterator[None]:
    """Within it, no log lines of this logger below error."""
    level = logger.level
    logger.setLevel(max(level, logging.ERROR))
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _no_bars() -> Iterator[None]:
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()
