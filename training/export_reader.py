"""Converts a checkpoint of the span reader to ONNX.

    python training/export_reader.py CHECKPOINT FILE.onnx [--float32]

Matrix products are in integers, each column of a matrix in 7 bits on a scale of its own (``rounding`` says
why), and words' embeddings are stored in 8 bits: 24 MB; with ``--float32`` nothing is, 91 MB. The last
product, which makes the scores, is never in integers. Inputs ``input_ids`` and ``token_type_ids``, int64
``(n_inputs, n_tokens)``, without padding; outputs ``start`` and ``end``, float32 of that shape. Scores are
raw: whoever reads them leaves out the places where no answer may be. Attention is onnxruntime's own operator.
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

import argparse
import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from checkpoints import load_weights, read_checkpoint
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model
from span_model import SpanModel, new_model
from transformers import AttentionInterface

from pincite.index.quiet import quiet

INPUTS = ["input_ids", "token_type_ids"]
OUTPUTS = ["start", "end"]
LEAST_STORED_SIZE = 1_000_000
"""Smaller tables stay float32: little is gained by them, and they are trained."""


class Exported(torch.nn.Module):
    """A model whose inputs are all tokens, none of them padding."""

    def __init__(self, model: SpanModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        found: tuple[torch.Tensor, torch.Tensor] = self.model(
            input_ids, torch.ones_like(input_ids), token_type_ids
        )
        return found


def attention(
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    scaling: float,
    **_options: Any,
) -> tuple[torch.Tensor, None]:
    """Attend by one operator of onnxruntime's. All are float32 ``(n_inputs, n_heads, n_tokens, width)``, what
    comes back is ``(n_inputs, n_tokens, n_heads, width)``.
    """
    inputs, heads, tokens, width = query.shape
    joined = [one.transpose(1, 2).reshape(inputs, tokens, heads * width) for one in (query, key, value)]
    attended = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        joined,
        {"num_heads": heads, "scale": scaling},
        dtype=query.dtype,
        shape=(inputs, tokens, heads * width),
        version=1,
    )
    return attended.reshape(inputs, tokens, heads, width), None


def export(model: SpanModel, file: Path) -> None:
    """Write the model's graph, its weights inside."""
    model.eval().cpu()
    AttentionInterface.register("onnxruntime", attention)
    model.transformer.set_attn_implementation("onnxruntime")
    ids = torch.arange(14).reshape(2, 7)
    shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence")}
    with quiet(), torch.inference_mode():
        torch.onnx.export(
            Exported(model),
            (ids, torch.zeros_like(ids)),
            file,
            dynamo=True,
            external_data=False,
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_shapes=(shape, shape),
            verbose=False,
        )


def fuse(source: Path, target: Path) -> None:
    """Write the model with its activations and their biases joined into onnxruntime's own operators.

    Norms and the sums before them are not: joined, they took six times as long.
    """
    choices = FusionOptions("bert")
    choices.enable_skip_layer_norm = choices.enable_bias_skip_layer_norm = False
    fused = optimize_model(
        str(source),
        model_type="bert",
        num_heads=12,
        hidden_size=384,
        opt_level=0,
        optimization_options=choices,
    )
    fused.save_model_to_file(str(target))


def quantise(source: Path, target: Path) -> None:
    """Write the model with integer matrix products, and its embeddings stored in eight bits."""
    graph = onnx.load(source).graph
    columns = {tensor.name: tensor.dims[-1] for tensor in graph.initializer if len(tensor.dims) == 2}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in columns]
    logging.disable(logging.WARNING)  # advice to prepare a graph that already is
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[node.name for node in products if columns[node.input[1]] == len(OUTPUTS)],
    )
    onnx.save(without_notes(store_tables_in_bytes(onnx.load(target))), target)


def store_tables_in_bytes(model: ModelProto) -> ModelProto:
    """Return the model with each large table that rows are gathered from as int8, a scale for each row.

    Only the rows that are gathered become floats again.
    """
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[NodeProto] = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or np.prod(table.dims) < LEAST_STORED_SIZE:
            nodes.append(node)
            continue
        rows = numpy_helper.to_array(table)
        scale = (np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-12) / 127).astype(np.float32)
        stored, scales = f"{table.name}.stored", f"{table.name}.scale"
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(np.round(rows / scale).astype(np.int8), stored))
        graph.initializer.append(numpy_helper.from_array(scale, scales))
        [ids, out] = node.input[1], node.output[0]
        nodes += [
            helper.make_node("Gather", [stored, ids], [f"{out}.stored"]),
            helper.make_node("Cast", [f"{out}.stored"], [f"{out}.whole"], to=TensorProto.FLOAT),
            helper.make_node("Gather", [scales, ids], [f"{out}.scale"]),
            helper.make_node("Mul", [f"{out}.whole", f"{out}.scale"], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def without_notes(model: ModelProto) -> ModelProto:
    """Return the model without what its making left in it: lines of code, and the paths of their files."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    graph.ClearField("value_info")
    onnx.checker.check_model(model)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--float32", action="store_true", help="change no weight, to compare with")
    options = parser.parse_args()
    model = new_model()
    content = read_checkpoint(options.checkpoint)
    load_weights(model, content)
    with tempfile.TemporaryDirectory() as folder:
        whole, fused = Path(folder) / "whole.onnx", Path(folder) / "fused.onnx"
        export(model, options.file if options.float32 else whole)
        if not options.float32:
            fuse(whole, fused)
            quantise(fused, options.file)
    print(f"{options.file}: {options.file.stat().st_size:,} bytes, step {content['step']}")


if __name__ == "__main__":
    main()
