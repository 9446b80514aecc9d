"""The span reader: the default encoder's transformer with two scores a token, for an answer's start and end.

No answer is the span at [CLS]. Word embeddings stay as they are, in 8 bits; everything else is trained, in
bfloat16 where matrices are multiplied, and towards the end with these products rounded as the exported
model has them (``rounding``). Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019,
sections 4.2 and 4.3.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from rounding import Rounding, round_products, rounded_rows
from span_features import Batch, encoder_folder
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertModel

from pincite.index.encoder_files import DEFAULT_WEIGHTS_SHA256, sha256_of
from pincite.index.quiet import quiet

NEVER = -1e4
"""The score of a place where no span may be; also bfloat16 can hold it."""
TEACHERS_SHARE = 0.7
"""How much of the loss is what teachers think, where there are any."""


class SpanModel(torch.nn.Module):
    """Ids, mask and types, all int64 ``(n_inputs, n_tokens)``, to start and end scores of that shape."""

    def __init__(self, transformer: BertModel) -> None:
        super().__init__()
        self.is_rounded = False
        self._rounding = Rounding()
        round_products(transformer.encoder, self._rounding)
        self.transformer = transformer
        self.head = torch.nn.Linear(transformer.config.hidden_size, 2)
        self.transformer.embeddings.word_embeddings.weight.requires_grad_(False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self._rounding.begin(attention_mask, is_on=self.is_rounded)
        tokens = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        start, end = self.head(tokens).float().unbind(-1)
        return start, end

    def loss(self, batch: Batch, shares: tuple[torch.Tensor, torch.Tensor] | None = None) -> torch.Tensor:
        """Return the mean cross entropy of starts and ends, with the places that are right, and for
        ``TEACHERS_SHARE`` of it with the ``shares`` that teachers give each place, if there are any.
        """
        places = self.tensor(batch.starts), self.tensor(batch.ends)
        found = self.allowed_scores(batch)
        right = sum(cross_entropy(scores, place) for scores, place in zip(found, places, strict=True)) / 2
        if shares is None:
            return right
        taught = sum(cross_entropy(scores, share) for scores, share in zip(found, shares, strict=True)) / 2
        return TEACHERS_SHARE * taught + (1 - TEACHERS_SHARE) * right

    def scores(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return start and end scores, computed in bfloat16 where that is quick."""
        on_gpu = self.head.weight.device.type == "cuda"
        with torch.autocast(
            self.head.weight.device.type,
            torch.bfloat16,
            enabled=on_gpu or torch.ops.mkldnn._is_mkldnn_bf16_supported(),
            cache_enabled=on_gpu,  # threads cannot share it
        ):
            found: tuple[torch.Tensor, torch.Tensor] = self(
                *(self.tensor(array) for array in (batch.inputs.ids, batch.inputs.mask, batch.inputs.types))
            )
        return found

    def allowed_scores(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores, ``NEVER`` where no span may be."""
        is_target = self.tensor(batch.is_target)
        start, end = (scores.masked_fill(~is_target, NEVER) for scores in self.scores(batch))
        return start, end

    def tensor(self, array: NDArray[np.int64] | NDArray[np.bool_]) -> torch.Tensor:
        """Return an array as a tensor on the model's device."""
        return torch.from_numpy(array).to(self.head.weight.device)


def new_model(dropout: float = 0.0) -> SpanModel:
    """Return the default encoder with an untrained head, the same each time.

    ``dropout`` is the share of activations that training leaves out; on a CPU it halves the speed.

    Raises ``FileNotFoundError`` without the package that carries the encoder, and ``ValueError`` when its
    weights are not the known ones.
    """
    folder = encoder_folder()
    if sha256_of(folder / "model.safetensors") != DEFAULT_WEIGHTS_SHA256:
        raise ValueError(f"{folder} does not hold the default encoder's weights: reinstall its package")
    config = BertConfig.from_pretrained(folder)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout
    # On a CPU "eager" trains a quarter quicker than "sdpa".
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    with quiet():
        transformer = BertModel.from_pretrained(
            folder, config=config, add_pooling_layer=False, attn_implementation=attention, dtype=torch.float32
        )
    words = transformer.embeddings.word_embeddings.weight
    words.data = rounded_rows(words.data)
    torch.manual_seed(0)
    return SpanModel(transformer)
