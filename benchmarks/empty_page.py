"""Serves the least that gradio can: a page with one text box. ``page`` compares the chat page with it.

It prints its address when it listens, as ``pincite ui`` does, and is launched with the same settings where
they save work: no telemetry, no run history, no rendering on the server.
"""

import os
import time

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr


def main() -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        gr.Textbox(label="Question")
    _, url, _ = page.launch(
        share=False,
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        inbrowser=False,
        prevent_thread_lock=True,
        quiet=True,
    )
    print(url, flush=True)
    while page.is_running:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
