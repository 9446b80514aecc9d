"""Makes a model's products fit to be rounded: what one extreme channel would cost all others is avoided.

What goes into a product is rounded in steps of its largest value, and a few channels of a transformer have
values many times those of the rest. Neither change alters what the model computes:

- Channels are evened out: divided by what their rows of the matrix are multiplied with, halfway between equal
  values and equal weights. (Xiao et al., "SmoothQuant", 2023.)
- The extreme neurons of a feed-forward layer are set apart: computed beside the others, in float32. There are
  one or two in a layer. (Dettmers et al., "LLM.int8()", 2022.)

Which channels are extreme is found out by running the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from pincite.index.telemetry import refuse_telemetry

Values = NDArray[np.float32]
Inputs = Mapping[str, NDArray[Any]]

EXTREME = 2.0
"""A neuron is extreme that reaches this many times what all but ``_OTHERS`` neurons stay below."""
UNEVEN = 3.0
"""Channels are evened out where the largest has this many times the values of the middle one."""
_OTHERS = 16
_LEAST = 1e-4
_ACTIVATIONS = ("Gelu", "Relu", "Silu", "Swish")


def balance(model: ModelProto, inputs: Iterable[Inputs], scratch: Path) -> list[str]:
    """Change ``model`` so that its products can be rounded; return the names of those that must not be.

    The model is run on ``inputs``. ``scratch`` is a folder for the time being, with room for the model.
    """
    graph = _Graph(model)
    products = graph.products()
    if not products:
        return []
    largest = _largest(model, sorted({node.input[0] for node in products}), inputs, scratch)
    exact: list[str] = []
    for source, users in groupby(sorted(products, key=lambda one: one.input[0]), lambda one: one.input[0]):
        using, reached = list(users), largest[source]
        layer = graph.layer_into(using[0]) if len(using) == 1 else None
        if layer is None and reached.max() > UNEVEN * np.median(reached):
            graph.even_out(using, reached)
        elif layer is not None and len(extreme := _extreme(reached)):
            exact += graph.set_apart(layer, extreme)
    graph.finish()
    return exact


def _extreme(largest: Values) -> NDArray[np.intp]:
    if len(largest) <= _OTHERS:
        return np.empty(0, np.intp)
    return np.flatnonzero(largest > EXTREME * np.partition(largest, -_OTHERS)[-_OTHERS])


def _largest(
    model: ModelProto,
    names: list[str],
    inputs: Iterable[Inputs],
    scratch: Path,
) -> dict[str, Values]:
    """Return the largest magnitude that each channel of the tensors ``names`` takes in one of ``inputs``, in
    the mean over them.
    """
    refuse_telemetry()
    from onnxruntime import InferenceSession, SessionOptions

    watched = ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    file = scratch / "watched.onnx"
    onnx.save(watched, file, save_as_external_data=True, location="watched.onnx.data")
    options = SessionOptions()
    options.log_severity_level = 3  # errors only
    session = InferenceSession(file, options, providers=["CPUExecutionProvider"])
    found: dict[str, list[Values]] = {name: [] for name in names}
    for given in inputs:
        for name, values in zip(names, session.run(names, given), strict=True):
            found[name].append(np.abs(values).reshape(-1, values.shape[-1]).max(axis=0))
    return {name: np.mean(reached, axis=0) for name, reached in found.items()}


@dataclass(frozen=True, slots=True)
class _Layer:
    """A feed-forward layer: ``wide`` and ``bias`` make neurons, which ``activation`` and ``narrow`` use."""

    wide: NodeProto
    bias: NodeProto
    activation: NodeProto
    narrow: NodeProto


class _Graph:
    """A model's nodes by what they make and use, and its matrices as arrays."""

    def __init__(self, model: ModelProto) -> None:
        self._graph = model.graph
        self._tensors = {tensor.name: tensor for tensor in self._graph.initializer}
        self._maker = {name: node for node in self._graph.node for name in node.output}
        self._users: dict[str, list[NodeProto]] = {}
        for node in self._graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        self._added: dict[int, list[NodeProto]] = {}

    def products(self) -> list[NodeProto]:
        """Return the products with a matrix that nothing else uses."""
        return [
            node
            for node in self._graph.node
            if node.op_type == "MatMul"
            and len(self._dimensions(node.input[1])) == 2
            and len(self._users[node.input[1]]) == 1
        ]

    def layer_into(self, product: NodeProto) -> _Layer | None:
        """Return the feed-forward layer whose neurons go into ``product`` and nowhere else."""
        activation = self._maker.get(product.input[0])
        if activation is None or activation.op_type not in _ACTIVATIONS:
            return None
        bias = self._maker.get(activation.input[0])
        if bias is None or bias.op_type != "Add" or len(self._dimensions(bias.input[1])) != 1:
            return None
        wide = self._maker.get(bias.input[0])
        if wide is None or wide.op_type != "MatMul" or len(self._dimensions(wide.input[1])) != 2:
            return None
        chain = (wide, bias, activation)
        used = (*(one.output[0] for one in chain), bias.input[1], wide.input[1])
        if any(len(self._users[name]) > 1 for name in used):
            return None
        return _Layer(wide, bias, activation, product)

    def set_apart(self, layer: _Layer, neurons: NDArray[np.intp]) -> list[str]:
        """Compute some neurons of a layer beside the others; return the names of the two products that do."""
        wide, bias, narrow = (self._array(one.input[1]) for one in (layer.wide, layer.bias, layer.narrow))
        stem = layer.narrow.output[0]
        names = [f"{stem}.apart.{part}" for part in ("wide", "bias", "active", "narrow")]
        for name, array in zip(
            ("wide", "bias", "narrow"), (wide[:, neurons], bias[neurons], narrow[neurons]), strict=True
        ):
            self._store(f"{stem}.apart.{name}.weights", array)
        wide[:, neurons], bias[neurons], narrow[neurons] = 0, 0, 0  # activations are 0 at 0
        for one, array in ((layer.wide, wide), (layer.bias, bias), (layer.narrow, narrow)):
            self._store(one.input[1], array)
        activation = NodeProto()
        activation.CopyFrom(layer.activation)
        activation.name = f"{names[2]}.node"
        del activation.input[:], activation.output[:]
        activation.input.append(names[1])
        activation.output.append(names[2])
        products = [
            helper.make_node(
                "MatMul", [layer.wide.input[0], f"{stem}.apart.wide.weights"], [names[0]], f"{names[0]}.node"
            ),
            helper.make_node(
                "MatMul", [names[2], f"{stem}.apart.narrow.weights"], [names[3]], f"{names[3]}.node"
            ),
        ]
        last = self._with_bias(layer.narrow)
        joined = last.output[0]
        last.output[0] = f"{joined}.even"
        self._insert(
            last,
            [
                products[0],
                helper.make_node("Add", [names[0], f"{stem}.apart.bias.weights"], [names[1]]),
                activation,
                products[1],
                helper.make_node("Add", [f"{joined}.even", names[3]], [joined]),
            ],
        )
        return [one.name for one in products]

    def even_out(self, products: list[NodeProto], largest: Values) -> None:
        """Divide what goes into ``products`` by what the rows of their matrices are multiplied with."""
        source = products[0].input[0]
        matrices = [self._array(product.input[1]) for product in products]
        heaviest = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
        factors = np.sqrt(np.maximum(largest, _LEAST) / np.maximum(heaviest, _LEAST)).astype(np.float32)
        self._store(f"{source}.factors", 1 / factors)
        self._insert(
            self._maker[source], [helper.make_node("Mul", [source, f"{source}.factors"], [f"{source}.even"])]
        )
        for product, matrix in zip(products, matrices, strict=True):
            product.input[0] = f"{source}.even"
            self._store(product.input[1], matrix * factors[:, None])

    def finish(self) -> None:
        """Put the new nodes where what they use has been made."""
        nodes = []
        for node in self._graph.node:
            nodes += [node, *self._added.get(id(node), ())]
        copied = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del self._graph.node[:]
        self._graph.node.extend(copied)

    def _with_bias(self, product: NodeProto) -> NodeProto:
        """Return the node that adds the product's bias, or else the product."""
        users = self._users.get(product.output[0], [])
        if len(users) == 1 and users[0].op_type == "Add" and len(self._dimensions(users[0].input[1])) == 1:
            return users[0]
        return product

    def _dimensions(self, name: str) -> tuple[int, ...]:
        """Return a stored tensor's dimensions, none for any other."""
        return tuple(self._tensors[name].dims) if name in self._tensors else ()

    def _array(self, name: str) -> Values:
        return numpy_helper.to_array(self._tensors[name]).astype(np.float32)

    def _store(self, name: str, array: Values) -> None:
        tensor = numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name)
        if name in self._tensors:
            self._tensors[name].CopyFrom(tensor)
        else:
            self._graph.initializer.append(tensor)
            self._tensors[name] = self._graph.initializer[-1]

    def _insert(self, after: NodeProto, nodes: list[NodeProto]) -> None:
        self._added.setdefault(id(after), []).extend(nodes)
