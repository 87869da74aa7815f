"""Files as a user expects them to be written: as a whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["check_folder", "write_whole"]


def check_folder(path: Path) -> None:
    """Checks that a file can stand at this path, before anything is computed for it.

    Raises FileNotFoundError if there is no folder for it, and IsADirectoryError if it is a folder itself.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {path.parent} to write {path.name} into: create it first"
        )
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the name of a file in it")


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file beside the path first: one that is replaced is at no moment half-written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
