"""What may be uploaded, and what an event may call an upload."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pincite.ui import intake, uploads
from pincite.ui.asgi import Message, Receive, Send
from pincite.ui.intake import ModestUploads, UploadsOnly, held_bytes, own_folder
from pincite.ui.limits import UPLOAD, SmallBodies
from tests.ui.asking import Inner, Reply, ask, event

FORM = {"content-type": "multipart/form-data; boundary=edge"}
JOIN = "/gradio_api/queue/join"


def parts(*names: str, content: str = "text", field: str = "files") -> bytes:
    written = (
        f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n{content}\r\n'
        for name in names
    )
    return f"{''.join(written)}--edge--\r\n".encode()


def pieces(body: bytes, size: int) -> Sequence[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def post(app: ModestUploads, body: bytes | Sequence[bytes], **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(app, UPLOAD, {**FORM, **named}, method="POST", body=body)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_documents_may_be_uploaded(tmp_path: Path, size: int) -> None:
    inner = Inner()
    body = parts("a.txt", "Б.PDF", "../../c.md", "scan.png")
    assert post(ModestUploads(inner, tmp_path), pieces(body, size)).status == 200
    assert inner.bodies == [body]


@pytest.mark.parametrize(
    "name",
    ["a.exe", "a.txt.sh", "a", ".txt", "a.svg", "a.zip", "a.txt\\x00.exe", "../../etc/passwd"],
)
@pytest.mark.parametrize("size", [7, 10_000])
def test_a_file_of_another_kind_is_one_clear_line(tmp_path: Path, name: str, size: int) -> None:
    reply = post(ModestUploads(Inner(), tmp_path), pieces(parts("a.txt", name), size))
    assert reply.status == 415
    assert "are not taken here: drop documents and text" in reply.body.decode()
    assert reply.header("content-type") == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (parts("a.txt", field="file"), FORM["content-type"]),
        (parts(""), FORM["content-type"]),
        (
            b'--edge\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--edge--',
            FORM["content-type"],
        ),
        (b"--other\r\n\r\n", FORM["content-type"]),
        (parts("a.txt"), "application/json"),
        (parts("a.txt"), "multipart/form-data"),
        (parts("a.txt"), ""),
    ],
)
def test_what_is_no_upload_of_files_is_refused(tmp_path: Path, body: bytes, kind: str) -> None:
    assert post(ModestUploads(Inner(), tmp_path), body, content_type=kind).status == 400


def test_too_much_is_refused_before_it_has_all_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Inner()
    app = ModestUploads(inner, tmp_path)
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    monkeypatch.setattr(uploads, "MOST_FILE_BYTES", 50)
    monkeypatch.setattr(intake, "MOST_UPLOAD_BYTES", 500)
    assert post(app, parts("a.txt", "b.txt", content="x" * 50)).status == 200
    assert post(app, parts("a.txt", "b.txt", "c.txt")).reason == uploads.TOO_MANY
    assert post(app, pieces(parts("a.txt", content="x" * 51), 3)).reason == uploads.TOO_LARGE
    assert post(app, parts("a.txt"), content_length="501").reason == intake.TOO_MUCH
    assert post(app, [b"", *pieces(b"\r\n" + b"x" * 600, 50)]).status in (400, 413)
    assert len(inner.bodies[-1]) < 600


def test_so_much_may_wait_and_so_many_may_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = ModestUploads(Inner(), tmp_path)
    (tmp_path / "abc").mkdir()
    (tmp_path / "abc" / "waiting.txt").write_bytes(b"x" * 100)
    assert held_bytes(tmp_path) >= 100
    monkeypatch.setattr(intake, "MOST_WAITING_BYTES", 100)
    assert post(app, parts("a.txt")).status == 429
    monkeypatch.setattr(intake, "MOST_WAITING_BYTES", 10_000)
    assert post(app, parts("a.txt")).status == 200
    monkeypatch.setattr(intake, "MOST_AT_ONCE", 0)
    assert post(app, parts("a.txt")).status == 429


def test_nothing_is_left_of_an_upload_that_is_refused_or_broken_off(tmp_path: Path) -> None:
    from starlette.requests import ClientDisconnect

    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "a.txt").write_text("whole")

    async def gradio(scope: Message, receive: Receive, send: Send) -> None:
        (tmp_path / "tmp123").write_text("part")
        if (await receive())["type"] == "http.disconnect":
            await send({"type": "http.response.start", "status": 500, "headers": []})
            raise ClientDisconnect

    assert post(ModestUploads(gradio, tmp_path), parts("a.exe")).status == 415
    assert [file.name for file in tmp_path.rglob("*")] == ["whole", "a.txt"]


def test_the_folder_of_uploads_is_private_and_goes_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(intake.FOLDER_VARIABLE, str(tmp_path))
    with own_folder() as folder:
        assert os.environ[intake.FOLDER_VARIABLE] == str(folder)
        assert folder.parent == tmp_path.resolve()
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a.txt").write_text("a")
    assert not folder.exists()
    assert os.environ[intake.FOLDER_VARIABLE] == str(tmp_path)
    monkeypatch.delenv(intake.FOLDER_VARIABLE)
    with own_folder():
        pass
    assert intake.FOLDER_VARIABLE not in os.environ


def test_an_event_may_name_what_was_uploaded_and_no_other_file(tmp_path: Path) -> None:
    folder = tmp_path.resolve() / "uploads"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder / "link.txt").symlink_to(secret)
    app = SmallBodies(UploadsOnly(Inner(), folder))

    def status(path: object, where: str = JOIN) -> int | None:
        data = [[{"path": path, "meta": {"_type": "gradio.FileData"}}]]
        return ask(app, where, method="POST", body=event(data=data, fn_index=0)).status

    assert status(str(folder / "a.txt")) == 200
    for path in (
        *(str(secret), str(folder / "link.txt"), str(folder), f"{folder}/../secret.txt", f"{folder}/b.txt"),
        *("a.txt", "", "/etc/passwd", "http://192.0.2.1/a.txt", "https://a.example", "data:text/plain,a"),
        *(f"{folder}/a.txt\x00", f"file://{folder}/a.txt", None, 7, [str(folder / "a.txt")], "~/.bashrc"),
    ):
        assert status(path) == 403, path
        assert status(path, "/gradio_api/run/take_in") == status(path, "/gradio_api/call/take_in") == 403
    assert ask(app, JOIN, method="POST", body=event(data=["/etc/passwd", {"a": ["b"]}])).status == 200
    assert status("notes.txt", "/gradio_api/mcp") == 403
    told = ask(app, "/gradio_api/mcp", method="POST", body=event(id=7, params={"path": "notes.txt"}))
    assert (told.status, json.loads(told.body)["error"]["message"]) == (200, intake.NOT_UPLOADED)
