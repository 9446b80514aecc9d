"""Converts a sentence-transformers model to ONNX in float32, and checks the result against the model.

Transformer, pooling and normalisation become one graph, through torch's own exporter, for one text at a time:
nothing is padded, and no text's vector depends on its company. Attention is onnxruntime's own operator where
the model takes one, which the check finds out. Models with further modules are refused.
https://docs.pytorch.org/docs/stable/onnx_export.html
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pincite.index.conversions import ConversionFailedError, converted, least_cosine, opened, write_rest
from pincite.index.encoder_files import FLOAT32
from pincite.index.onnx_encoder import INPUT, MODEL, OUTPUT, OnnxEncoder
from pincite.index.quiet import quiet
from pincite.index.transformer_encoder import TransformerEncoder

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedModel

LEAST_COSINE = 0.9999
FUSED = "onnxruntime"
ATTENTIONS = (FUSED, "eager")
"""Ways to export attention, the faster first: one operator without masks, and what transformers does."""


def convert(encoder: TransformerEncoder, folder: Path) -> OnnxEncoder:
    """Convert the encoder's model into ``folder`` and open it from there. Raises ``ConversionFailedError``,
    also when ``folder`` cannot be written.
    """
    if refusal := _refusal(encoder):
        raise ConversionFailedError(refusal)
    return converted(folder, encoder.identity, lambda complete: _write(encoder, complete))


def _refusal(encoder: TransformerEncoder) -> str:
    """Why a model of this build is not converted at all; empty when it may be."""
    kinds = [type(module).__name__ for module in encoder.model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return f"only transformer, pooling and normalisation can be converted, not {', '.join(kinds)}"
    pooling = encoder.model[1]
    if (mode := _pooling_mode(encoder.model)) not in ("mean", "cls", "max"):
        return f"pooling by {mode} cannot be converted"
    if encoder.tokenizer.prefix and not pooling.include_prompt:
        return "pooling that leaves the prompt out cannot be converted"
    return ""


def _pooling_mode(model: SentenceTransformer) -> str:
    pooling = model[1]
    return str(pooling.pooling_mode if hasattr(pooling, "pooling_mode") else pooling.get_pooling_mode_str())


def _write(encoder: TransformerEncoder, folder: Path) -> str:
    """Write a complete conversion into an empty folder; returns why it is of no use, or nothing."""
    for attention in ATTENTIONS[:-1]:
        try:
            if not _attempt(encoder, attention, folder):
                return ""
        except Exception:  # noqa: BLE001, S110 -- the model has an attention of another kind: the next one is tried
            pass
        for path in folder.iterdir():
            path.unlink()
    return _attempt(encoder, ATTENTIONS[-1], folder)


def _attempt(encoder: TransformerEncoder, attention: str, folder: Path) -> str:
    """Write a conversion with that kind of attention; returns how it departs from its source, or nothing."""
    with quiet():
        _write_graph(encoder.model, attention, folder / MODEL)
    write_rest(folder, encoder.tokenizer, encoder.identity.dimension, FLOAT32)
    worst = least_cosine(encoder, opened(folder, encoder.identity))
    if not worst >= LEAST_COSINE:  # so that a NaN fails too
        return f"the converted model's vectors differ: cosine {worst:.5f}, less than {LEAST_COSINE}"
    return ""


def _write_graph(model: SentenceTransformer, attention: str, path: Path) -> None:
    import torch
    from transformers import AttentionInterface

    AttentionInterface.register(FUSED, fused_attention)
    ids = torch.arange(7).reshape(1, 7)
    with _attending(model[0].auto_model, attention), torch.inference_mode():
        torch.onnx.export(
            _sentence_graph(model),
            (ids,),
            path,
            dynamo=True,
            external_data=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({1: torch.export.Dim("sequence")},),
            verbose=False,
        )


@contextmanager
def _attending(transformer: PreTrainedModel, attention: str) -> Iterator[None]:
    """Within it, the model has that kind of attention; afterwards its own again, which it is checked with."""
    own = transformer.config._attn_implementation
    transformer.set_attn_implementation(attention)
    try:
        yield
    finally:
        transformer.set_attn_implementation(own)


def fused_attention(
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    scaling: float | None = None,
    **_options: Any,
) -> tuple[torch.Tensor, None]:
    """Attend by one operator of onnxruntime's, each token to all. All are float32
    ``(n_texts, n_heads, n_tokens, width)``, what comes back is ``(n_texts, n_tokens, n_heads, width)``.
    """
    import torch

    texts, heads, tokens, width = query.shape
    joined = [one.transpose(1, 2).reshape(texts, tokens, heads * width) for one in (query, key, value)]
    attended = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        joined,
        {"num_heads": heads, "scale": width**-0.5 if scaling is None else scaling},
        dtype=query.dtype,
        shape=(texts, tokens, heads * width),
        version=1,
    )
    return attended.reshape(texts, tokens, heads, width), None


def _sentence_graph(model: SentenceTransformer) -> torch.nn.Module:
    """Ids, int64 ``(1, n_tokens)``, to a unit vector ``(1, dimension)``."""
    import torch

    class SentenceGraph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = model[0].auto_model
            self.pooling = _pooling_mode(model)

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            # A tensor of ones of its own, since models without a mask make one that depends on their ids.
            mask = torch.ones_like(input_ids)
            tokens = self.transformer(input_ids=input_ids, attention_mask=mask).last_hidden_state
            if self.pooling == "cls":
                pooled = tokens[:, 0]
            elif self.pooling == "max":
                pooled = tokens.amax(1)
            else:
                pooled = tokens.mean(1)
            return torch.nn.functional.normalize(pooled, dim=1)

    return SentenceGraph().eval()
