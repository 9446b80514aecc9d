"""Gradio's own scripts, served past gradio to a browser on this machine."""

import pytest

from pincite.ui.assets import QuickAssets
from tests.ui.asking import Inner, ask

SCRIPT = next(one for one in sorted(QuickAssets(Inner())._folder.iterdir()) if one.suffix == ".js")


def test_an_asset_is_answered_as_it_is_and_may_be_kept() -> None:
    reply = ask(QuickAssets(Inner()), f"/assets/{SCRIPT.name}")
    assert (reply.status, reply.body) == (200, SCRIPT.read_bytes())
    assert reply.header("content-type") == "text/javascript; charset=utf-8"
    assert "immutable" in (reply.header("cache-control") or "")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nowhere.js",
        "/assets/../index.html",
        "/assets/../../../blocks.py",
        "/assets/..%2fshare.html",
        "/assets/.hidden.js",
        "/assets/a/b.js",
        "/assets/",
        f"/static/{SCRIPT.name}",
    ],
)
def test_everything_else_is_passed_on(path: str) -> None:
    assert ask(QuickAssets(Inner()), path).body == b"inside"


def test_others_get_what_gradio_compresses() -> None:
    inner = Inner()
    assert ask(QuickAssets(inner), f"/assets/{SCRIPT.name}", client=("192.0.2.7", 5)).body == b"inside"
    assert ask(QuickAssets(inner), f"/assets/{SCRIPT.name}", method="POST").body == b"inside"
    assert len(inner.scopes) == 2
