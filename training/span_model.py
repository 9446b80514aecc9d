"""The span reader: the default encoder's transformer with two scores a token, for an answer's start and end.

No answer is the span at [CLS]. Word embeddings stay as they are; everything else is trained, in bfloat16
where matrices are multiplied. There is no dropout, which halves the speed and which a few passes do not need.
Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019, sections 4.2 and 4.3.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from span_features import Batch, encoder_folder
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertModel

from pincite.index.encoder_files import DEFAULT_WEIGHTS_SHA256, sha256_of
from pincite.index.quiet import quiet

NEVER = -1e4
"""The score of a place where no span may be; also bfloat16 can hold it."""


class SpanModel(torch.nn.Module):
    """Ids, mask and types, all int64 ``(n_inputs, n_tokens)``, to start and end scores of that shape."""

    def __init__(self, transformer: BertModel) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = torch.nn.Linear(transformer.config.hidden_size, 2)
        self.transformer.embeddings.word_embeddings.weight.requires_grad_(False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        start, end = self.head(tokens).float().unbind(-1)
        return start, end

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the mean cross entropy of starts and ends."""
        is_target = self._tensor(batch.is_target)
        start, end = (scores.masked_fill(~is_target, NEVER) for scores in self.scores(batch))
        return (
            cross_entropy(start, self._tensor(batch.starts)) + cross_entropy(end, self._tensor(batch.ends))
        ) / 2

    def scores(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return start and end scores, computed in bfloat16."""
        device = self.head.weight.device.type
        with torch.autocast(device, torch.bfloat16, cache_enabled=False):
            found: tuple[torch.Tensor, torch.Tensor] = self(
                *(self._tensor(array) for array in (batch.inputs.ids, batch.inputs.mask, batch.inputs.types))
            )
        return found

    def _tensor(self, array: NDArray[np.int64] | NDArray[np.bool_]) -> torch.Tensor:
        return torch.from_numpy(array).to(self.head.weight.device)


def new_model(attention: str = "eager") -> SpanModel:
    """Return the default encoder with an untrained head, the same each time.

    ``attention`` is transformers' name of an implementation; for training on a CPU "eager" is a quarter
    quicker than "sdpa".

    Raises ``FileNotFoundError`` without the package that carries the encoder, and ``ValueError`` when its
    weights are not the known ones.
    """
    folder = encoder_folder()
    if sha256_of(folder / "model.safetensors") != DEFAULT_WEIGHTS_SHA256:
        raise ValueError(f"{folder} does not hold the default encoder's weights: reinstall its package")
    config = BertConfig.from_pretrained(folder)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    with quiet():
        transformer = BertModel.from_pretrained(
            folder, config=config, add_pooling_layer=False, attn_implementation=attention, dtype=torch.float32
        )
    torch.manual_seed(0)
    return SpanModel(transformer)
