"""Converts a checkpoint of the span reader to ONNX.

    python training/export_reader.py CHECKPOINT FILE.onnx [--float32]

Matrix products are in integers, and words' embeddings are stored in 8 bits (``pincite.index.quantisation``):
24 MB; with ``--float32`` nothing is, 91 MB. The last product, which makes the scores, is never in integers.
Inputs ``input_ids`` and ``token_type_ids``, int64 ``(n_inputs, n_tokens)``, without padding; outputs
``start`` and ``end``, float32 of that shape. Scores are raw: whoever reads them leaves out the places where
no answer may be. Attention is onnxruntime's own operator.
"""

import argparse
import tempfile
from pathlib import Path

import onnx
import torch
from checkpoints import load_weights, read_checkpoint
from onnx import ModelProto
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model
from span_model import SpanModel, new_model
from transformers import AttentionInterface

from pincite.index.onnx_export import FUSED, fused_attention
from pincite.index.quantisation import quantise
from pincite.index.quiet import quiet

INPUTS = ["input_ids", "token_type_ids"]
OUTPUTS = ["start", "end"]


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


def export(model: SpanModel, file: Path) -> None:
    """Write the model's graph, its weights inside."""
    model.eval().cpu()
    AttentionInterface.register(FUSED, fused_attention)
    model.transformer.set_attn_implementation(FUSED)
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


def scores_of(model: ModelProto) -> list[str]:
    """Return the names of the products that make the scores, which stay exact."""
    columns = {tensor.name: tensor.dims[-1] for tensor in model.graph.initializer if len(tensor.dims) == 2}
    products = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in columns]
    return [node.name for node in products if columns[node.input[1]] == len(OUTPUTS)]


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
            model_to_round = onnx.load(fused)
            quantise(model_to_round, options.file, excluded=scores_of(model_to_round))
    print(f"{options.file}: {options.file.stat().st_size:,} bytes, step {content['step']}")


if __name__ == "__main__":
    main()
