"""A real LLM server on loopback: `transformers serve`, with a tiny model that says what it is made to say.

The model is a Llama whose layers add nothing to a token's own embedding, so each token has one successor. A
reply is a chain of tokens of its own, and the chat template ends a prompt with the head of the chain whose
question stands in the last message. All other text is bytes, one token each. It shows that the wire holds
with a server that nobody here wrote; ``llm_server`` is the one whose every reply a test can script.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from pincite.index.quiet import quiet

MODEL = "tiny"
END = "<|end|>"
WINDOW = 8192
# A minute and more: a reply without end is still under way when the next is asked for, yet it does end.
MAX_NEW_TOKENS = 20_000

_READY_SECONDS = 60.0
_COMMAND = [sys.executable, "-m", "transformers.cli.transformers", "serve", MODEL]
_ADDRESS = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says: ASCII; ``endless`` says the last word over and over."""

    text: str
    endless: bool = False


@dataclass(frozen=True, slots=True)
class RealServer:
    """A running server."""

    url: str
    model: str = MODEL

    @property
    def llm(self) -> str:
        return f"{self.url}/v1#{self.model}"


@contextmanager
def really_serving(folder: Path, replies: Mapping[str, Reply]) -> Iterator[RealServer]:
    """Serve a model made in ``folder``: it gives the reply of the first key that the last message holds."""
    _make_model(folder / MODEL, replies)
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_COMMAND, "--host", "127.0.0.1", "--port", "0", "--device", "cpu"],
            cwd=folder,
            env=_offline(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _address(process, log)
        httpx.get(f"{url}/health", timeout=_READY_SECONDS, trust_env=False).raise_for_status()
        yield RealServer(url)
    finally:
        process.kill()  # it would wait for replies that are under way
        process.wait()


def _offline(folder: Path) -> dict[str, str]:
    """The environment of a server that downloads nothing and knows of no proxy, measured by nobody."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith("_PROXY") and not name.startswith("COVERAGE_")
    }
    return {**kept, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the server listens, which it logs once it does."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        match = _ADDRESS.search(log.read_text("utf-8"))
        if match:
            return match[1]
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    raise RuntimeError(f"transformers serve did not start:\n{log.read_text('utf-8')[-2000:]}")


def _make_model(folder: Path, replies: Mapping[str, Reply]) -> None:
    with quiet():
        tokenizer, successors = _tokenizer(replies)
        tokenizer.save_pretrained(folder)
        _chain_model(successors, tokenizer.eos_token_id).save_pretrained(folder)


def _tokenizer(replies: Mapping[str, Reply]) -> tuple[Any, list[int]]:
    """Return a byte-level BPE tokenizer, and the successor of each of its tokens.

    A token of a reply has its number before its text, ``⟨7⟩ in``, so that no two are alike and none is in a
    document; the decoder drops the number.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.Sequence([decoders.Replace(Regex(r"⟨\d+⟩"), ""), decoders.ByteLevel()])
    end = len(letters)
    successors = [end] * (end + 1)
    added, choices = [END], ""
    for question, reply in replies.items():
        first = len(successors)
        pieces = ["", *re.findall(r"\s*\S+", reply.text)]
        added += [f"⟨{first + number}⟩{piece}" for number, piece in enumerate(pieces)]
        successors += range(first + 1, first + len(pieces) + 1)
        successors[-1] = len(successors) - 1 if reply.endless else end
        condition = f"{json.dumps(question)} in messages[-1].content"
        choices += f"{{% {'elif' if choices else 'if'} {condition} %}}⟨{first}⟩"
    raw.add_tokens(added)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, eos_token=END, pad_token=END
    )
    messages = f"{{% for m in messages %}}{{{{ m.role }}}}: {{{{ m.content }}}}{END}{{% endfor %}}"
    tokenizer.chat_template = f"{messages}{choices}{{% endif %}}"
    return tokenizer, successors


def _chain_model(successors: list[int], end: int) -> Any:
    """Return a two-layer Llama that says each token's successor: embeddings are unit vectors, layers zero."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    size = len(successors)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=size,
        intermediate_size=8,
        num_hidden_layers=2,
        num_attention_heads=1,
        head_dim=8,
        max_position_embeddings=WINDOW,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.model.layers.parameters():
            parameter.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        model.lm_head.weight.zero_()
        model.lm_head.weight[successors, range(size)] = 1.0
    model.generation_config.max_new_tokens = MAX_NEW_TOKENS
    return model
