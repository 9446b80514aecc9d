"""The libraries that ``speed.py`` measures beside pincite: their scripts, environments and versions."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speed_figures import OWN

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "benchmarks" / "peers"
ENVIRONMENTS = ROOT / "build" / "peers"
PACKAGES = (
    "pincite",
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-vector-stores-faiss",
    "txtai",
    "haystack-ai",
    "sentence-transformers-haystack",
    "sentence-transformers",
    "transformers",
    "tokenizers",
    "torch",
    "onnxruntime",
    "faiss-cpu",
    "numpy",
)
_TELL = """
import importlib.metadata, json, sys
found = {one.name: one.version for one in importlib.metadata.distributions()}
print(json.dumps({name: found[name] for name in sys.argv[1:] if name in found}))
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A library, its script in ``peers/`` and its environment, one of those of ``peers/environments.py``."""

    name: str
    script: str
    environment: str

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the command line that runs its script. Exits where there is no environment for it."""
        return [self.python(), str(SCRIPTS / f"{self.script}.py"), *map(str, arguments)]

    def python(self) -> str:
        """Return its environment's Python. Exits where there is none."""
        python = ENVIRONMENTS / self.environment / "bin" / "python"
        if not python.exists():
            sys.exit(f"no environment for {self.name}: run python benchmarks/peers/environments.py")
        return str(python)


PEERS = (
    Peer("sentence-transformers and FAISS", "speed_plain", "minilm_alone"),
    Peer("llama-index", "speed_llama_index", "llama_index_fusion"),
    Peer("txtai", "speed_txtai", "txtai_hybrid"),
    Peer("haystack", "speed_haystack", "haystack"),
)


def versions_in(python: str) -> dict[str, str]:
    """Return the versions of ``PACKAGES`` that a Python has."""
    told = subprocess.run([python, "-c", _TELL, *PACKAGES], check=True, stdout=subprocess.PIPE).stdout
    found: dict[str, str] = json.loads(told)
    return found


def versions(peers: Sequence[Peer]) -> dict[str, dict[str, str]]:
    """Return pincite's versions, and those of each peer. Exits where one has no environment."""
    pythons = {OWN: sys.executable} | {peer.name: peer.python() for peer in peers}
    return {name: versions_in(python) for name, python in pythons.items()}
