"""Tells what a benchmark ran on: the processor, what of its instructions encoders live by, and the commit."""

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8")
"""Linux's names of instructions for vectors, and for products of whole numbers."""

_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine. ``flags`` are those of ``FLAGS`` that it has; empty where the system is not Linux."""

    processor: str
    cores: int | None
    flags: tuple[str, ...]
    system: str


def machine() -> Machine:
    """Return the machine that this runs on."""
    text = _CPUINFO.read_text(encoding="utf-8") if _CPUINFO.exists() else ""
    processor, flags = processor_in(text)
    known = processor or platform.processor() or platform.machine()
    return Machine(known, os.cpu_count(), flags, f"{platform.system()} {platform.release()}")


def processor_in(cpuinfo: str) -> tuple[str, tuple[str, ...]]:
    """Return the first processor's name and its ``FLAGS``, from the text of Linux's ``/proc/cpuinfo``."""
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    flags = set(fields.get("flags", "").split())
    return fields.get("model name", ""), tuple(flag for flag in FLAGS if flag in flags)


def commit() -> str | None:
    """Return the commit that is checked out, with ``-dirty`` where files differ from it; None outside git."""
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
