"""Stops at every step by which this process changes files: the statements that it gives to SQLite, and its
own writes, renames, removals and syncs.

A step comes before each of these, and in the middle of each write, when half of its bytes are in the file;
the instant after one of them is the instant before the next. What SQLite does within a statement is not
seen: for that, ``die_of_growth`` has the kernel kill the process in the middle of any write past a size.
"""

from __future__ import annotations

import builtins
import io
import os
import resource
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

Step = Callable[[str], None]

_CHANGES = ("replace", "rename", "unlink", "remove", "mkdir", "rmdir", "truncate", "link", "symlink")
_DESCRIPTOR_CHANGES = ("fsync", "fdatasync", "ftruncate", "posix_fallocate")


def install(step: Step) -> None:
    """Have ``step`` called with a step's name before it happens. For the rest of the process's life."""
    _install_sqlite(step)
    for name in _CHANGES:
        _replace(os, name, step, lambda name, arguments: f"{name} {_file_name(arguments[0])}")
    for name in _DESCRIPTOR_CHANGES:
        if hasattr(os, name):
            _replace(os, name, step, lambda name, arguments: name)
    _install_open(step)
    _install_files(step)


def die_of_growth(size: int) -> None:
    """Have this process killed by SIGXFSZ when it writes to a file beyond ``size`` bytes: what comes before
    in the same write is in the file.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def _file_name(path: object) -> str:
    return Path(os.fsdecode(path)).name if isinstance(path, str | bytes | os.PathLike) else str(path)


def _replace(module: object, name: str, step: Step, describe: Callable[[str, tuple[Any, ...]], str]) -> None:
    real = getattr(module, name)

    def stepping(*arguments: Any, **options: Any) -> Any:
        step(describe(name, arguments))
        return real(*arguments, **options)

    setattr(module, name, stepping)


def _install_sqlite(step: Step) -> None:

    def before(sql: str) -> None:
        if not sql.lstrip().upper().startswith("SELECT"):
            step(" ".join(sql.split()[:3]))

    class SteppingCursor(sqlite3.Cursor):
        def execute(self, sql: str, *parameters: Any) -> SteppingCursor:
            before(sql)
            super().execute(sql, *parameters)
            return self

        def executemany(self, sql: str, rows: Any) -> SteppingCursor:
            before(sql)
            super().executemany(sql, rows)
            return self

        def executescript(self, sql: str) -> SteppingCursor:
            before(sql)
            super().executescript(sql)
            return self

    class SteppingConnection(sqlite3.Connection):
        def cursor(self, factory: Any = SteppingCursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            before(sql)
            return super().execute(sql, *parameters)

        def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
            before(sql)
            return super().executemany(sql, rows)

        def executescript(self, sql: str) -> sqlite3.Cursor:
            before(sql)
            return super().executescript(sql)

        def commit(self) -> None:
            step("commit")
            super().commit()

        def close(self) -> None:
            step("close the database")
            super().close()

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def connect_stepping(*arguments: Any, **options: Any) -> sqlite3.Connection:
        step("connect")
        return connect(*arguments, **{"factory": SteppingConnection} | options)

    sqlite3.connect = connect_stepping  # type: ignore[assignment]


def _install_open(step: Step) -> None:
    real = os.open

    def opened(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            step(f"create {_file_name(path)}")
        return real(path, flags, *arguments, **options)

    os.open = opened


def _install_files(step: Step) -> None:
    """A file that is opened for writing is put together from Python's own parts, on a raw one that steps."""

    class SteppingFile(io.FileIO):
        def write(self, data: Any) -> int:
            step(f"write {_file_name(self.name)}")
            content = memoryview(data).cast("B")
            half = super().write(content[: len(content) // 2])
            step(f"write {_file_name(self.name)}, half of it done")
            return half + super().write(content[half:])

    real = io.open

    def opened(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not set(mode) & set("wax+"):
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        step(f"open {_file_name(file)}")
        raw = SteppingFile(file, mode.translate({ord("b"): None, ord("t"): None}), closefd, opener)
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, encoding, errors, newline)

    io.open = opened
    builtins.open = opened
    write = os.write

    def written(descriptor: int, data: Any) -> int:
        step("os.write")
        half = write(descriptor, data[: len(data) // 2])
        step("os.write, half of it done")
        return half + write(descriptor, data[half:])

    os.write = written
