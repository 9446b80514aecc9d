"""Gives a finished file its name, so that what had the name before stays, unless it may be replaced.

Writing the file under another name, and saying in whose words it failed, is left to the caller.
"""

from pathlib import Path

from pincite.index.errors import PinciteError
from pincite.index.location import sync_folder


def refuse_taken(target: Path, overwrite: bool) -> None:
    """Raise ``PinciteError`` where ``target`` is a folder, or a file that may not be replaced."""
    if target.is_dir():
        raise PinciteError(f"{target} is a folder: name a file in it")
    if not overwrite and target.exists():
        raise PinciteError(f"{target} exists: name another file, or give --overwrite (overwrite=True)")


def give_name(temporary: Path, target: Path, overwrite: bool) -> None:
    """Make the file ``temporary`` appear whole as ``target``; it may be left under its old name too."""
    if overwrite:
        temporary.replace(target)
    else:
        try:
            target.hardlink_to(temporary)  # which, unlike a renaming, takes no file's place
        except OSError:  # somebody was quicker, or the file system has no links
            refuse_taken(target, overwrite)
            temporary.rename(target)
    sync_folder(target.parent)
