"""Converts a checkpoint of the span reader to ONNX, whole and with weights of eight bits.

    python training/export_span_reader.py CHECKPOINT FOLDER

writes ``reader.onnx`` (float32, 90 MB) and three of 23 MB: ``reader-int8.onnx`` (matrix products in integers,
each column of a matrix on a scale of its own), ``reader-mixed.onnx`` (the same but for the products whose
inputs spread widest, those after the activation) and ``reader-weights.onnx`` (only stored in eight bits, as
slow as float32). The last product, which makes the scores, is never in integers.
Inputs ``input_ids``, ``attention_mask`` and ``token_type_ids``, int64 ``(n_inputs, n_tokens)``; outputs
``start`` and ``end``, float32 of that shape. Scores are raw: whoever reads them leaves out the places where
no answer may be. https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from checkpoints import load_weights, read_checkpoint
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from span_model import SpanModel, new_model

from pincite.index.quiet import quiet

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUTS = ["start", "end"]
LEAST_STORED_SIZE = 4096
"""Smaller tensors stay float32: nothing is gained by them."""


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


def quantise(source: Path, target: Path, *, keep_widest: bool = False) -> None:
    """Write the model with integer matrix products, and its embeddings stored in eight bits.

    ``keep_widest`` leaves the products after the activation, whose inputs spread widest, in float32.
    """
    graph = onnx.load(source).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    products = [
        (node.name, shapes[node.input[1]])
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in shapes
    ]
    kept = [name for name, (rows, columns) in products if columns == 2 or (keep_widest and rows > columns)]
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=kept,
    )
    stored = store_in_bytes(onnx.load(target))
    onnx.save(stored, target)


def store_in_bytes(model: ModelProto) -> ModelProto:
    """Return the model with each large float matrix stored as int8, with a scale for each row."""
    graph = model.graph
    kept, nodes = [], []
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or array.ndim != 2 or array.size < LEAST_STORED_SIZE:
            kept.append(tensor)
            continue
        largest = np.maximum(np.abs(array).max(axis=1), 1e-12)
        scale = (largest / 127).astype(np.float32)
        stored = np.round(array / scale[:, None]).astype(np.int8)
        names = [f"{tensor.name}.stored", f"{tensor.name}.scale"]
        kept += [
            numpy_helper.from_array(part, name) for part, name in zip((stored, scale), names, strict=True)
        ]
        nodes.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=0))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    model = new_model("eager")
    content = read_checkpoint(options.checkpoint)
    load_weights(model, content)
    options.folder.mkdir(parents=True, exist_ok=True)
    whole = options.folder / "reader.onnx"
    export(model, whole)
    fused = options.folder / "fused.onnx"
    fuse(whole, fused)
    quantise(fused, options.folder / "reader-int8.onnx")
    quantise(fused, options.folder / "reader-mixed.onnx", keep_widest=True)
    fused.unlink()
    onnx.save(store_in_bytes(onnx.load(whole)), options.folder / "reader-weights.onnx")
    for file in sorted(options.folder.glob("*.onnx")):
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB, step {content['step']}")


if __name__ == "__main__":
    main()
