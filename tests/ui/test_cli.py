"""The real command line, in a process of its own, on a corpus of seeds/."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Run
from tests.llm_server import Reply, Server
from tests.samples import BANK, SAMPLES, UNANSWERABLE, Sample

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer

POINT = (
    "Singapore's OCBC Bank has developed around 30 internal tools using open-source models, "
    "demonstrating the practical applications of this technology in business"
)


def test_the_bank_is_named_and_its_point_is_cited_word_for_word(pincite: Run, seeds_folder: Path) -> None:
    done = pincite("ask", BANK, cwd=seeds_folder)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0] == "Singapore's OCBC Bank [1]"
    assert lines[2] == "[1] open-source-ai-race.txt › Group 2 › point 3 (source ref. 3)"
    assert " ".join(" ".join(lines[3:]).split()) == f"“{POINT}”"
    assert "reader" in done.stderr


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.group)
def test_the_sample_questions_are_answered_from_their_groups(
    pincite: Run, seeds_folder: Path, sample: Sample
) -> None:
    answer = json.loads(pincite("ask", sample.question, "--json", cwd=seeds_folder).stdout)
    assert answer["answered"] is True
    assert sample.wanted in answer["text"]
    (citation,) = answer["citations"]
    assert f"open-source-ai-race.txt › {sample.group}" in citation["address"]
    shown = pincite("show", f"{citation['source']}:{citation['start']}-{citation['end']}", cwd=seeds_folder)
    assert shown.stdout == citation["quote"] + "\n"


def test_what_the_documents_do_not_say_is_not_answered_and_that_is_no_error(
    pincite: Run, seeds_folder: Path
) -> None:
    plain = pincite("ask", UNANSWERABLE, cwd=seeds_folder)
    assert plain.returncode == 0
    assert plain.stdout.startswith("Not answered: these documents do not say.")
    assert "Nearest passages:" in plain.stdout
    answer = json.loads(pincite("ask", UNANSWERABLE, "--json", cwd=seeds_folder).stdout)
    assert (answer["answered"], answer["text"], answer["citations"]) == (False, "", [])
    assert len(answer["passages"]) == 8


def test_explained_hits_tell_scores_ranks_and_words(pincite: Run, seeds_folder: Path) -> None:
    plain = json.loads(pincite("search", BANK, "--json", cwd=seeds_folder).stdout)
    explained = json.loads(pincite("search", BANK, "--json", "--explain", cwd=seeds_folder).stdout)
    assert [
        {**hit, "matched": one["matched"], "missing": one["missing"]}
        for hit, one in zip(plain, explained, strict=True)
    ] == explained
    first = explained[0]
    assert (first["matched"], first["missing"]) == (["bank", "30", "internal", "tools"], ["built"])
    assert (first["dense_rank"], first["lexical_rank"]) == (1, 1)
    assert 0 < first["evidence"] <= 1
    shown = pincite("search", BANK, "--top-k", "1", "--explain", cwd=seeds_folder).stdout.splitlines()
    assert shown[2].strip() == (
        f"score {first['score']:.2f}: dense {first['dense_score']:.2f} (rank 1),"
        f" lexical {first['lexical_score']:.1f} (rank 1), evidence {first['evidence']:.2f}"
    )
    assert [line.strip() for line in shown[3:5]] == ["matched: bank, 30, internal, tools", "missing: built"]


def test_an_explained_answer_comes_with_all_passages_that_were_read(pincite: Run, seeds_folder: Path) -> None:
    plain, explained = (pincite("ask", BANK, *more, cwd=seeds_folder).stdout for more in ([], ["--explain"]))
    assert explained.startswith(plain)
    assert explained.count("matched: ") == 8
    answer = json.loads(pincite("ask", BANK, "--json", "--explain", cwd=seeds_folder).stdout)
    assert len(answer["passages"]) == 8
    assert answer["passages"][0]["matched"] == ["bank", "30", "internal", "tools"]
    assert answer["passages"][0]["passage"]["address"] == "open-source-ai-race.txt › Group 2 › points 1–3"
    unanswered = pincite("ask", UNANSWERABLE, "--explain", cwd=seeds_folder).stdout
    assert "Passages read:" in unanswered
    assert "Nearest passages:" not in unanswered


def test_a_query_in_a_script_that_the_encoder_does_not_know_is_explained_by_its_words(
    pincite: Run, seeds_folder: Path
) -> None:
    shown = pincite("search", "茶园面积", "--top-k", "1", "--explain", cwd=seeds_folder).stdout
    assert "score 1.00: dense –, lexical " in shown
    assert "evidence" not in shown
    assert "matched: 茶园\n   missing: 面积" in shown


def test_piped_questions_are_answered_a_line_each(pincite: Run, seeds_folder: Path) -> None:
    done = pincite("ask", "--json", cwd=seeds_folder, stdin=f"{BANK}\n\n{UNANSWERABLE}\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["answered"] for answer in answers] == [True, False]


def test_piped_questions_stand_above_their_answers(pincite: Run, seeds_folder: Path) -> None:
    done = pincite("ask", cwd=seeds_folder, stdin=f"{BANK}\n\nWho publishes the Financial Times?\n")
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"? {BANK}", "Singapore's OCBC Bank [1]"]
    second = lines.index("? Who publishes the Financial Times?")
    assert lines[second - 1 : second + 2] == [
        "",
        "? Who publishes the Financial Times?",
        "Not answered: these documents do not say.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_prompt_stays_out_of_redirected_results(seeds_folder: Path) -> None:
    import pty

    person, terminal = pty.openpty()
    os.write(person, f"{BANK}\n\x04".encode())
    done = subprocess.run(
        [sys.executable, "-m", "pincite", "ask", "--json"],
        cwd=seeds_folder,
        stdin=terminal,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    os.close(person)
    os.close(terminal)
    assert (done.returncode, done.stderr) == (0, "? ? ")
    assert json.loads(done.stdout)["text"] == "Singapore's OCBC Bank"


def test_a_terminal_that_lacks_characters_loses_no_answer(seeds_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pincite", "ask"],
        cwd=seeds_folder,
        input="\u5408\u4f5c\u793e\u662f\u54ea\u4e00\u5e74\u6210\u7acb\u7684?\n".encode() + b"caf\xe9?\n",
        env={**os.environ, "PYTHONIOENCODING": "", "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.count(b"\n? caf\xef\xbf\xbd?\n")) == (0, 1)
    asked = [sys.executable, "-m", "pincite", "show", "tea-cooperative.txt:0-2"]
    shown = subprocess.run(
        asked,
        cwd=seeds_folder,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert shown.returncode == 0
    assert shown.stdout.startswith(b"\\u")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_told_in_a_line(seeds_folder: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "pincite", "list"],
            cwd=seeds_folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 1
    assert one_line(done.stderr) == "pincite: No space left on device\n"


def test_search_list_and_stats_print_the_objects_own_names(pincite: Run, seeds_folder: Path) -> None:
    hits = json.loads(pincite("search", "tide", "--top-k", "2", "--json", cwd=seeds_folder).stdout)
    fields = {"passage", "score", "dense_score", "lexical_score", "dense_rank", "lexical_rank", "evidence"}
    assert [set(hit) for hit in hits] == [fields] * 2
    assert hits[0]["passage"]["source"] == "seeds/tidal-mill.md"
    listed = json.loads(pincite("list", "--json", cwd=seeds_folder).stdout)
    assert [one["source"] for one in listed][1:3] == [
        "seeds/observatory-visit.pdf",
        "seeds/open-source-ai-race.txt",
    ]
    stats = json.loads(pincite("stats", "--json", cwd=seeds_folder).stdout)
    assert stats["documents"] == len(listed) == 5
    assert stats["encoder"]["name"] == "all-MiniLM-L6-v2"
    assert pincite("verify", cwd=seeds_folder).returncode == 0


def test_where_narrows_the_search_and_an_unknown_field_is_wrong_usage(
    pincite: Run, seeds_folder: Path
) -> None:
    found = pincite(
        "search",
        "models",
        "--where",
        "publisher=36Ke",
        "--where",
        "date>=2025-08",
        "--json",
        cwd=seeds_folder,
    )
    assert {hit["passage"]["source"] for hit in json.loads(found.stdout)} == {"seeds/open-source-ai-race.txt"}
    wrong = pincite("ask", BANK, "--where", "colour=red", cwd=seeds_folder)
    assert wrong.returncode == 2
    assert one_line(wrong.stderr).startswith("pincite: unknown field 'colour' in where; known fields: date,")


def test_indexing_prints_a_receipt_for_each_file_and_fails_only_for_the_bad_ones(
    pincite: Run, tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("The mill was bought by Ada Pellow in March 1921.")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "image.txt").write_bytes(bytes(range(256)) * 8)
    done = pincite("index", "good.txt", "empty.txt", "image.txt", "missing.txt", "--json")
    receipts = {receipt["source"]: receipt for receipt in json.loads(done.stdout)}
    assert done.returncode == 1
    assert {source: receipt["status"] for source, receipt in receipts.items()} == {
        "good.txt": "added",
        "empty.txt": "failed",
        "image.txt": "failed",
        "missing.txt": "failed",
    }
    assert receipts["empty.txt"]["reason"] == "the file is empty"
    assert "binary" in receipts["image.txt"]["reason"]
    assert receipts["missing.txt"]["reason"] == "no such file or folder"
    again = pincite("index", "good.txt")
    assert again.returncode == 0
    assert again.stdout.splitlines()[1].split()[:2] == ["unchanged", "good.txt"]
    assert pincite("ask", "Who bought the mill?").stdout.startswith("Ada Pellow [1]")
    assert pincite("remove", "good.txt").returncode == 0
    assert json.loads(pincite("list", "--json").stdout) == []


def test_a_vanished_file_is_reported_without_failing_and_pruned_on_demand(
    pincite: Run, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("kept.txt", "gone.txt"):
        (tmp_path / "docs" / name).write_text(f"The mill of {name} was bought in 1921.")
    assert pincite("index", "docs").returncode == 0
    (tmp_path / "docs" / "gone.txt").unlink()
    told = pincite("index", "docs")
    assert told.returncode == 0
    assert [line.split()[:2] for line in told.stdout.splitlines()[1:3]] == [
        ["unchanged", "docs/kept.txt"],
        ["vanished", "docs/gone.txt"],
    ]
    assert told.stdout.splitlines()[3:] == ["1 vanished file is still in the corpus; --prune removes it"]
    _, vanished = json.loads(pincite("index", "docs", "--json").stdout)
    assert (vanished["source"], vanished["status"], vanished["passages"]) == ("docs/gone.txt", "vanished", 1)
    assert vanished["reason"] == "its file is gone; --prune removes it (prune=True)"
    pruned = pincite("index", "docs", "--prune")
    assert pruned.returncode == 0
    assert pruned.stdout.splitlines()[2].split()[:2] == ["removed", "docs/gone.txt"]
    assert [one["source"] for one in json.loads(pincite("list", "--json").stdout)] == ["docs/kept.txt"]


def test_asking_never_makes_a_corpus_and_says_how_to_make_one(pincite: Run, tmp_path: Path) -> None:
    done = pincite("ask", BANK)
    assert done.returncode == 1
    assert "no corpus at" in one_line(done.stderr)
    assert "pincite index PATH" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_or_file_that_is_no_corpus_is_left_alone(pincite: Run, tmp_path: Path) -> None:
    home = tmp_path / "photos"
    home.mkdir()
    (home / "a.jpg").write_bytes(b"x")
    for command in (("ask", BANK), ("index", str(home)), ("list",)):
        done = pincite(*command, "--corpus", "photos")
        assert done.returncode == 1
        assert "holds no corpus" in one_line(done.stderr)
    assert [entry.name for entry in home.iterdir()] == ["a.jpg"]
    assert "is a file" in one_line(pincite("ask", BANK, "--corpus", "photos/a.jpg").stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", ""),
        ("ask", "  "),
        ("search", ""),
        ("ask", BANK, "--top-k", "0"),
        ("ask", BANK, "--llm-only"),
        ("ask", "--where", "language"),
        ("show", "tidal-mill.md:9-4"),
    ],
)
def test_wrong_usage_is_told_with_code_2(
    pincite: Run, seeds_folder: Path, arguments: tuple[str, ...]
) -> None:
    done = pincite(*arguments, cwd=seeds_folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_markup_and_terminal_escapes_in_a_document_are_shown_not_obeyed(pincite: Run, tmp_path: Path) -> None:
    text = "The [red]secret[/red] word is \x1b[31mswordfish\x1b[0m [/b] [link=file:///]here[/link], says Ada."
    (tmp_path / "evil [red].txt").write_text(text)
    assert pincite("index", "evil [red].txt").returncode == 0
    for command in (
        ("ask", "What is the secret word?"),
        ("search", "secret word"),
        ("show", "evil [red].txt"),
    ):
        done = pincite(*command)
        assert done.returncode == 0
        assert "\x1b" not in done.stdout + done.stderr
        assert "[red]secret[/red]" in done.stdout
        assert "\\x1b[31mswordfish" in done.stdout


def test_a_backup_is_written_and_restored_elsewhere_and_answers_as_before(
    pincite: Run, seeds_folder: Path, tmp_path: Path
) -> None:
    file, place = tmp_path / "seeds.backup", tmp_path / "elsewhere"
    written = pincite("backup", str(file), "--json", cwd=seeds_folder)
    stats = json.loads(pincite("stats", "--json", cwd=seeds_folder).stdout)
    assert written.returncode == 0
    assert json.loads(written.stdout) == {
        "file": str(file),
        "documents": 5,
        "passages": stats["passages"],
        "bytes": file.stat().st_size,
        "generation": stats["generation"],
    }
    restored = pincite("restore", file.name, "--corpus", "elsewhere", "--json")
    assert restored.returncode == 0
    figures = json.loads(restored.stdout)
    same = ("files", "documents", "groups", "passages", "characters", "encoder")
    assert figures["location"] == str(place)
    assert [figures[name] for name in same] == [stats[name] for name in same]
    assert pincite("verify", "--corpus", "elsewhere").returncode == 0
    done = pincite("ask", BANK, "--corpus", "elsewhere")
    assert done.stdout == pincite("ask", BANK, cwd=seeds_folder).stdout


def test_backup_and_restore_put_nothing_over_anything_and_say_so_in_a_line(
    pincite: Run, seeds_folder: Path, tmp_path: Path
) -> None:
    file, own = tmp_path / "seeds.backup", ("--corpus", str(seeds_folder / ".pincite"))
    assert one_line(pincite("backup", str(file), *own).stderr) == f"wrote 5 documents to {file}\n"
    again = pincite("backup", str(file), *own)
    assert (again.returncode, again.stdout) == (1, "")
    assert one_line(again.stderr) == (
        f"pincite: {file} exists: name another file, or give --overwrite (overwrite=True)\n"
    )
    assert pincite("backup", str(file), "--overwrite", *own).returncode == 0
    assert one_line(pincite("restore", str(file)).stderr) == f"restored 5 documents to {tmp_path}/.pincite\n"
    for wrong, message in (
        (("restore", str(file)), "holds a corpus already: name a folder that is absent or empty"),
        (("restore", "missing", "--corpus", "new"), "No such file or directory: name a file from"),
        (("restore", __file__, "--corpus", "new"), "is no backup, or a damaged one: file is not a database"),
        (("backup", "b", "--corpus", "new"), "no corpus at"),
    ):
        done = pincite(*wrong)
        assert (done.returncode, done.stdout) == (1, "")
        assert message in one_line(done.stderr)
    assert pincite("restore").returncode == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".pincite", "seeds.backup"]


def test_a_copy_answers_as_the_original(pincite: Run, seeds_folder: Path) -> None:
    own = ("--corpus", str(seeds_folder / ".pincite"))
    first = pincite("copy", own[1], "copy")
    assert (first.returncode, first.stdout) == (0, "")
    assert first.stderr.splitlines()[-1] == "copied 5 files to copy"
    again = pincite("copy", own[1], "copy")
    assert again.stderr.splitlines()[-1] == "copied 0 files to copy; 5 were there"
    assert pincite("ask", BANK, "--corpus", "copy").stdout == pincite("ask", BANK, *own).stdout
    receipts = json.loads(pincite("copy", own[1], "copy", "--json").stdout)
    assert [one["status"] for one in receipts] == ["unchanged"] * 5
    wrong = pincite("copy", "missing", "copy")
    assert (wrong.returncode, "no corpus at" in one_line(wrong.stderr)) == (1, True)


def test_a_corpus_on_a_server_is_asked_like_one_in_a_folder(
    pincite: Run, seeds_folder: Path, milvus: MilvusServer
) -> None:
    own, there = ("--corpus", str(seeds_folder / ".pincite")), ("--corpus", milvus.location())
    absent = pincite("ask", BANK, *there)
    assert (absent.returncode, "no corpus at milvus://127.0.0.1" in one_line(absent.stderr)) == (1, True)
    assert pincite("copy", own[1], there[1]).returncode == 0
    for command in (("ask", BANK), ("search", "tide gates"), ("list",), ("show", "tidal-mill.md:0-60")):
        assert pincite(*command, *there).stdout == pincite(*command, *own).stdout
    assert pincite("verify", *there).stderr == "sound\n"
    stats = pincite("stats", *there).stdout.split()
    assert (stats[:2], "bytes" in stats) == (["location", there[1]], False)
    for command in (("backup", "file"), ("restore", __file__)):
        refused = pincite(*command, *there)
        assert (refused.returncode, "pincite copy" in one_line(refused.stderr)) == (1, True)


def test_help_names_every_command_and_each_has_help(pincite: Run) -> None:
    overview = pincite("--help").stdout
    commands = (
        "index",
        "ask",
        "search",
        "show",
        "list",
        "remove",
        "stats",
        "verify",
        "verify-bundle",
        "reencode",
        "backup",
        "restore",
        "copy",
        "eval",
        "ui",
    )
    for command in commands:
        assert f"  {command} " in overview
        done = pincite(command, "--help")
        assert done.returncode == 0
        assert len(done.stdout) > 200


def test_the_version_is_the_packages(pincite: Run) -> None:
    assert pincite("--version").stdout.strip() == version("pincite")


def test_one_failing_question_does_not_end_the_others(
    pincite: Run, seeds_folder: Path, server: Server
) -> None:
    server.replies += [Reply("no JSON")] * 2
    server.claims(("OCBC built 30 tools.", "P1", "OCBC Bank has developed around 30 internal tools"))
    arguments = ("ask", "--llm", server.llm, "--llm-only", "--json")
    done = pincite(*arguments, cwd=seeds_folder, stdin=f"{BANK}\n{BANK}\n")
    assert done.returncode == 1
    assert json.loads(done.stdout)["text"] == "OCBC built 30 tools."
    assert "not in the asked form" in one_line(done.stderr)


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text


def test_an_llm_answers_with_its_quotes_located_and_marked(
    pincite: Run, seeds_folder: Path, server: Server
) -> None:
    server.claims(
        ("OCBC built about 30 tools.", "P1", "OCBC Bank has developed around 30 internal tools"),
        ("It plans 500 more.", "P1", "OCBC plans another 500 tools"),
    )
    done = pincite("ask", BANK, "--llm", server.llm, "--json", cwd=seeds_folder)
    answer = json.loads(done.stdout)
    assert [claim["status"] for claim in answer["claims"]] == ["quoted", "unsupported"]
    assert [claim["citations"] for claim in answer["claims"]] == [[1], []]
    assert answer["text"] == "OCBC built about 30 tools."
    assert answer["citations"][0]["address"] == "open-source-ai-race.txt › Group 2 › point 3"
    assert answer["method"] == "llm:mini"
    server.claims(
        ("OCBC built 40 tools.", "P9", "OCBC Bank has developed around 30 internal tools"),
        ("It ran.", "P1", "x y"),
    )
    done = pincite("ask", BANK, "--llm", server.llm, cwd=seeds_folder)
    assert "\ncheck (says more than its quote): OCBC built 40 tools.\n" in done.stdout
    assert "\nunsupported (not found in the documents, and no part of the answer): It ran.\n" in done.stdout


def test_a_failing_llm_leaves_the_answer_to_the_reader_unless_told_not_to(
    pincite: Run, seeds_folder: Path, server: Server
) -> None:
    server.replies += [Reply("I think it was a bank.")] * 4
    done = pincite("ask", BANK, "--llm", server.llm, cwd=seeds_folder)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "Singapore's OCBC Bank [1]")
    assert "note: The LLM did not answer" in done.stderr
    strict = pincite("ask", BANK, "--llm", server.llm, "--llm-only", cwd=seeds_folder)
    assert (strict.returncode, strict.stdout) == (1, "")
    assert "not in the asked form" in one_line(strict.stderr)
    assert pincite("ask", BANK, "--llm", "nonsense", cwd=seeds_folder).returncode == 2


def test_show_writes_the_page_of_a_pdf_with_the_span_marked(
    pincite: Run, seeds_folder: Path, tmp_path: Path
) -> None:
    image = tmp_path / "page.png"
    done = pincite("show", "observatory-visit.pdf:10-40", "--image", str(image), cwd=seeds_folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"wrote {image}\n")
    assert image.read_bytes().startswith(b"\x89PNG")
    nowhere = pincite(
        "show", "observatory-visit.pdf", "--image", str(tmp_path / "no" / "page.png"), cwd=seeds_folder
    )
    assert (nowhere.returncode, one_line(nowhere.stderr)) == (
        1,
        f"pincite: {tmp_path / 'no' / 'page.png'}: No such file or directory\n",
    )
    text = pincite("show", "tidal-mill.md", "--image", str(image), cwd=seeds_folder)
    assert one_line(text.stderr) == "pincite: seeds/tidal-mill.md has no pages to show\n"
