"""Converts a checkpoint of the span reader to ONNX.

    python training/export_reader.py CHECKPOINT FILE.onnx [--float32]

Matrix products are in integers, each column of a matrix on a scale of its own, and embeddings are stored in
eight bits: 23 MB; with ``--float32`` nothing is, 90 MB. The last product, which makes the scores, is never in
integers. Inputs ``input_ids``, ``attention_mask`` and ``token_type_ids``, int64 ``(n_inputs, n_tokens)``;
outputs ``start`` and ``end``, float32 of that shape. Scores are raw: whoever reads them leaves out the places
where no answer may be. https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

import argparse
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from checkpoints import load_weights, read_checkpoint
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from span_model import SpanModel, new_model

from pincite.index.quiet import quiet

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUTS = ["start", "end"]
LEAST_STORED_SIZE = 4096
"""Smaller tables stay float32: nothing is gained by them."""


def export(model: SpanModel, file: Path) -> None:
    """Write the model's graph, its weights inside."""
    model.eval().cpu()
    ids = torch.arange(14).reshape(2, 7)
    shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence")}
    inputs = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    with quiet(), torch.inference_mode():
        torch.onnx.export(
            model,
            inputs,
            file,
            dynamo=True,
            external_data=False,
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_shapes=(shape, shape, shape),
            verbose=False,
        )


def fuse(source: Path, target: Path) -> None:
    """Write the model with its biases, activations and norms joined into onnxruntime's own operators."""
    fused = optimize_model(str(source), model_type="bert", num_heads=12, hidden_size=384, opt_level=0)
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
    model = new_model("eager")
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
