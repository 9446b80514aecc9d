"""How gradio is launched: the order of the guards, and what it reads from the environment."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from pincite.ui.access import LOCAL, Access
from pincite.ui.privacy import guarded, launch_options, set_environment
from tests.ui.asking import Inner, ask


def test_every_refusal_carries_the_policies(tmp_path: Path) -> None:
    gradio = SimpleNamespace(tokens={}, cookie_id="id")
    who = Access.of(["anna:word"])
    app = guarded(Inner(), gradio, who.names("127.0.0.1"), tmp_path, who)
    for path, headers, status in (
        ("/", {}, 200),
        ("/", {"host": "rebound.example"}, 400),
        ("/", {"origin": "null"}, 403),
        ("/monitoring", {}, 404),
        ("/config", {}, 401),
    ):
        reply = ask(app, path, headers)
        assert reply.status == status
        assert "frame-ancestors 'self'" in (reply.header("content-security-policy") or "")
        assert reply.header("x-content-type-options") == "nosniff"


def test_without_accounts_nobody_logs_in(tmp_path: Path) -> None:
    app = guarded(Inner(), SimpleNamespace(), LOCAL.names("127.0.0.1"), tmp_path, LOCAL)
    assert ask(app, "/config").status == 200


def test_a_page_that_others_reach_is_not_launched_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--no-auth"):
        launch_options("0.0.0.0", tmp_path)
    assert launch_options("::1", tmp_path)["server_name"] == "[::1]"
    assert launch_options("127.0.0.1", tmp_path)["auth"] is None


def test_the_environment_cannot_open_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_ALLOWED_PATHS", "/")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "0")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "a.example")
    monkeypatch.setenv("MPLBACKEND", "svg")
    set_environment("[::1]")
    assert os.environ["MPLBACKEND"] == "svg"
    assert "GRADIO_ALLOWED_PATHS" not in os.environ
    assert os.environ["NO_PROXY"] == "a.example,localhost,127.0.0.1,::1"
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
