"""What names a server and a model, and who is sent the key."""

import pytest

from pincite.llm import Llm
from pincite.servers import PROVIDERS, Address

KEY = "sk-test-0123456789"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.mark.parametrize(
    "llm",
    [
        "",
        "qwen3",
        "ollama/",
        "acme/qwen3",
        "http://localhost:8080/v1",
        "http://localhost:8080/v1#",
        "ftp://localhost/v1#m",
        "http://localhost:port/v1#m",
        "http://#m",
        "http://[::1/v1#m",
        42,
    ],
)
def test_an_llm_of_no_known_form_is_refused(llm: object) -> None:
    with pytest.raises(
        ValueError, match="llm must be PROVIDER/MODEL with a provider of llamacpp, ollama"
    ) as caught:
        Llm.of(llm)
    assert str(caught.value).endswith(f"got {llm!r}" if isinstance(llm, str) else "got int")


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="llm must be") as caught:
        Address.of("http://me:secret@localhost:8080/v1")
    assert "secret" not in str(caught.value)
    assert Llm.of("http://me:secret@localhost:8080/v1#mini").name == "mini at localhost:8080"


@pytest.mark.parametrize(
    ("llm", "url", "model"),
    [
        ("ollama/qwen3:4b", "http://localhost:11434/v1", "qwen3:4b"),
        ("OpenAI/gpt-5-mini", "https://api.openai.com/v1", "gpt-5-mini"),
        ("vllm/Qwen/Qwen3-4B", "http://localhost:8000/v1", "Qwen/Qwen3-4B"),
        ("https://host:99/v1#a/b#c", "https://host:99/v1", "a/b#c"),
    ],
)
def test_a_name_stands_for_an_address_and_a_model(llm: str, url: str, model: str) -> None:
    address = Address.of(llm)
    assert (address.url.geturl(), address.model) == (url, model)


@pytest.mark.parametrize(("name", "is_sent"), [("ollama/m", False), ("VLLM/m", False), ("openai/m", True)])
def test_a_local_server_is_not_sent_the_key_of_another(name: str, is_sent: bool) -> None:
    assert (Llm.of(name).llm.api_key == KEY) is is_sent


@pytest.mark.parametrize(
    ("host", "is_here"), [("localhost", True), ("127.0.0.9", True), ("[::1]", True), ("10.0.0.1", False)]
)
def test_only_another_machine_is_reached_through_a_proxy(host: str, is_here: bool) -> None:
    assert Address.of(f"http://{host}:8080/v1#m").is_this_machine is is_here


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_makes_a_client_that_sends_nothing_yet(provider: str) -> None:
    assert Llm.of(f"{provider}/m").llm.api_base == PROVIDERS[provider]
