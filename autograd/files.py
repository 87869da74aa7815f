"""Files as a user expects them to be written: as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
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
    """Writes a file: whoever reads it, and whatever happens meanwhile, finds the old content or the new.

    It is written beside the path, and then takes its place.  What a link points to is replaced and not the
    link; what is no regular file, such as a pipe or a device, is written to as it is.  Raises as
    `check_folder`, and OSError, naming the path, where it cannot be written; then the old file is as it was.
    """
    check_folder(path)
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            part.chmod(target.stat().st_mode)
        part.replace(target)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
