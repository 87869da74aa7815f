"""This process's resident memory in bytes, as Linux tells it; None on other systems."""

from pathlib import Path

STATUS = Path("/proc/self/status")


def resident() -> int | None:
    return _size("VmRSS")


def peak() -> int | None:
    """The most there has been."""
    return _size("VmHWM")


def _size(field: str) -> int | None:
    if not STATUS.exists():
        return None
    kilobytes = next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(kilobytes) * 1024
