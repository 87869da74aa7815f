"""Limits of a process: of memory, of the stack of C, of Python's recursion."""

import os
import sys

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

SANITIZED = "ASAN_OPTIONS" in os.environ  # the sanitizer reserves terabytes of addresses


def restrict_memory(size: int) -> bool:
    """Limits the address space of this process to so many bytes; False where that is not possible."""
    if sys.platform != "linux" or SANITIZED:
        return False
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return True


def lift_the_limit_of_memory() -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def address_space() -> int:
    """The bytes of addresses that this process has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def restrict_stacks(frames: int, kilobytes: int) -> None:
    """Few frames of Python beyond those there are, and a small stack of C where the system can have it so."""
    depth, frame = 0, sys._getframe()
    while frame is not None:
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    sys.setrecursionlimit(depth + frames)
    if sys.platform == "linux" and not SANITIZED:
        resource.setrlimit(
            resource.RLIMIT_STACK, (kilobytes << 10, resource.getrlimit(resource.RLIMIT_STACK)[1])
        )
