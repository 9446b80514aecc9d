"""A real LLM server, started once for all tests that ask it."""

import importlib.util
import json
from collections.abc import Iterator

import pytest

from tests.real_llm_server import RealServer, Reply, really_serving

_CLAIMS = [
    {"text": "The mill was built in 1742.", "passage": "P1", "quote": "mill was built in 1742"},
    {"text": "It has two wheels.", "passage": "P1", "quote": "It has two wheels"},
]
CITED = "When was the mill built?"
ENDLESS = "Tell all there is about the mill."
REPLIES = {
    CITED: Reply(json.dumps({"claims": _CLAIMS})),
    ENDLESS: Reply(json.dumps({"claims": _CLAIMS})[:-2] + ', {"text": "It is old and old', endless=True),
    "": Reply("Mills, she said, are }{ built of oak and water."),
}


@pytest.fixture(scope="session")
def real_server(user_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """`transformers serve` with a model that gives two claims for ``CITED``, the same two and no end for
    ``ENDLESS``, and babble otherwise.
    """
    if importlib.util.find_spec("accelerate") is None:
        pytest.skip("transformers serve needs accelerate")
    with really_serving(tmp_path_factory.mktemp("served"), REPLIES) as server:
        yield server
