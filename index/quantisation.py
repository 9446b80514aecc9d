"""Puts a model's matrix products into integers: a quarter of the size, and up to twice as fast.

Each column of a matrix is rounded to 7 bits on a scale of its own, and what is multiplied with it to 8 bits
between the least and the most of its text. Seven bits, since processors without VNNI add two products in 16
bits, where those of 8-bit numbers overflow: so the sums are the same on every processor. Words' embeddings
are stored in 8 bits. The encoder and the reader (``training/export_reader.py``) are made so.
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from pincite.index.balancing import balance
from pincite.index.conversions import PROBES, converted, least_cosine, opened, write_rest
from pincite.index.encoder_files import INT8
from pincite.index.onnx_encoder import INPUT, MODEL, OnnxEncoder
from pincite.index.quiet import errors_only
from pincite.index.telemetry import refuse_telemetry

LEAST_COSINE = 0.95
"""What rounding may cost on the worst of the probes; models whose layers have extreme values lose more."""
LEAST_STORED_SIZE = 1_000_000
"""Smaller tables stay float32: little is gained by them."""


def convert_to_int8(exact: OnnxEncoder, source: Path, folder: Path) -> OnnxEncoder:
    """Convert the float32 conversion in ``source``, which ``exact`` is, into ``folder``, and open it from
    there. Raises ``ConversionFailedError``, also when rounding costs too much.
    """
    return converted(folder, exact.identity, lambda complete: _write(exact, source, complete))


def _write(exact: OnnxEncoder, source: Path, folder: Path) -> str:
    model = with_quick_activations(onnx.load(source / MODEL))
    inputs = [{INPUT: np.array([exact.tokenizer.row(text)], dtype=np.int64)} for text in PROBES]
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        kept_exact = balance(model, inputs, Path(scratch))
    quantise(model, folder / MODEL, excluded=kept_exact)
    write_rest(folder, exact.tokenizer, exact.identity.dimension, INT8)
    worst = least_cosine(exact, opened(folder, exact.identity))
    if not worst >= LEAST_COSINE:  # so that a NaN fails too
        return f"its vectors lose too much in integers: cosine {worst:.3f}, less than {LEAST_COSINE}"
    return ""


def with_quick_activations(model: ModelProto) -> ModelProto:
    """Return the model with GELU computed from tanh: it costs less, and changes less than rounding does."""
    for node in model.graph.node:
        if node.op_type == "Gelu":
            del node.attribute[:]
            node.attribute.append(helper.make_attribute("approximate", "tanh"))
    return model


def quantise(model: ModelProto, target: Path, *, excluded: Collection[str] = ()) -> None:
    """Write ``model`` with integer matrix products, but for the nodes ``excluded`` by name, and with its
    embeddings stored in eight bits. Its weights are inside the file.
    """
    refuse_telemetry()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with errors_only(logging.getLogger()):  # onnxruntime gives the root logger advice on preparing graphs
        quantize_dynamic(
            model,
            target,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(excluded),
        )
    onnx.save(without_notes(with_stored_tables(onnx.load(target))), target)


def with_stored_tables(model: ModelProto) -> ModelProto:
    """Return the model with each large table that rows are gathered from as int8, a scale for each row.

    Only the rows that are gathered become floats again.
    """
    graph = model.graph
    uses = Counter(name for node in graph.node for name in node.input)
    tables = {tensor.name: tensor for tensor in graph.initializer if uses[tensor.name] == 1}
    nodes: list[NodeProto] = []
    for node in graph.node:
        gathers_rows = node.op_type == "Gather" and not any(
            one.name == "axis" and one.i for one in node.attribute
        )
        table = tables.get(node.input[0]) if gathers_rows else None
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
