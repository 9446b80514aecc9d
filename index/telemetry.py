"""Keeps onnxruntime from reporting to its makers.

From 1.29 on its Linux and macOS builds send events over the network, and leave a device id and what could not
be sent in the user's cache, unless a variable is set when it starts:
https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md.
"""

import os


def refuse_telemetry() -> None:
    """Have onnxruntime send and keep nothing. To be called before it is imported."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
