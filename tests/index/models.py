"""Models to test with: one small enough to convert in seconds, and sentence-transformers as the oracle."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pincite.index.encoder_files import packaged_folder
from pincite.index.quiet import quiet


def build_tiny_model(folder: Path, pooling: str = "mean", dense: bool = False, prompt: str = "") -> Path:
    """A sentence-transformers model with one layer of random weights and the default encoder's tokenizer."""
    packaged = packaged_folder()
    assert packaged is not None
    with quiet():
        import torch
        from sentence_transformers import SentenceTransformer, models
        from transformers import AutoTokenizer, BertConfig, BertModel

        torch.manual_seed(5)
        config = BertConfig(
            hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=30522
        )
        raw = folder.with_name(f"{folder.name}-raw")
        BertModel(config).save_pretrained(raw)
        AutoTokenizer.from_pretrained(packaged, local_files_only=True).save_pretrained(raw)
        modules = [models.Transformer(str(raw), max_seq_length=40), models.Pooling(16, pooling)]
        modules += [models.Dense(16, 8)] if dense else []
        model = SentenceTransformer(
            modules=modules,
            device="cpu",
            prompts={"own": prompt} if prompt else None,
            default_prompt_name="own" if prompt else None,
        )
        model.save_pretrained(str(folder), create_model_card=False)
        shutil.rmtree(raw)
    return folder


def oracle(folder: Path) -> Any:
    """The model in ``folder`` as sentence-transformers itself loads it."""
    with quiet():
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
