"""Programs that lay a picture out: which are here, in what order they are tried, and what to install.

One deadline holds for all of them together.  A layout that takes too long is not begun again by the next
program, which would take as long: the error says what to ask for instead.
"""

from __future__ import annotations

import importlib.util
import numbers
import os
import shutil
import subprocess
import sys
import sysconfig
import time

__all__ = ["ENGINES", "FORMATS", "RenderingError", "known", "rendered", "seconds"]

ENGINES = ("dot", "graphviz-pure", "pygraphviz")
PIXEL_FORMATS = ("png", "jpg", "jpeg", "gif", "webp")
PURE_FORMATS = ("svg", "png", "jpg", "jpeg", "json")  # those of graphviz-pure
SOURCE_FORMATS = ("dot", "gv")
TEXT_FORMATS = ("mmd", "mermaid", "txt", "text")  # those that need no engine, besides the source
FORMATS = ("svg", *PIXEL_FORMATS, "pdf", "eps", "ps", "json", *SOURCE_FORMATS, *TEXT_FORMATS)

_DAY = 86_400  # seconds; the operating system counts milliseconds, in 32 bits, and no layout takes so long

_PYGRAPHVIZ = """
import sys, pygraphviz
layout, format, *options = sys.argv[1:]
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
picture = graph.draw(format=format.removeprefix("-T"), prog=layout.removeprefix("-K"), args=" ".join(options))
sys.stdout.buffer.write(picture)
"""


class RenderingError(RuntimeError):
    """No engine could render a picture; the message says why and what to do.

    Unless an engine is at work, and only refused this picture, it lists the graph as well.
    """


def known(format: str) -> str:
    """The format in lower case.  Raises ValueError for one that no picture has."""
    if not isinstance(format, str) or format.lower() not in FORMATS:
        raise ValueError(
            f"a picture's format, or its file's suffix, is one of {', '.join(FORMATS)}, not {format!r}"
        )
    return format.lower()


def seconds(timeout: float) -> float:
    """The timeout as a float.  Raises ValueError for what is no number of seconds, up to a day of them."""
    if not isinstance(timeout, numbers.Real) or not 0 < timeout <= _DAY:
        raise ValueError(
            f"timeout is a number of seconds, more than 0 and at most a day, {_DAY}, not {timeout!r}"
        )
    return float(timeout)


def rendered(source: str, format: str, *, layout: str, timeout: float, listing: str) -> bytes:
    """The picture of a DOT source, by the first engine that makes one of that format.

    The environment variable AUTOGRAD_GRAPHVIZ names the only engine to use, or the path of such a
    program.  Raises RenderingError if none renders it, or not within `timeout` seconds.
    """
    options = [f"-K{layout}", f"-T{format}"]
    options += ["-Gdpi=144"] if format in PIXEL_FORMATS else []
    options += ["-Gbgcolor=transparent"] if format == "svg" else []
    setting = os.environ.get("AUTOGRAD_GRAPHVIZ")
    failures, found, refused = [], [], False
    deadline = time.monotonic() + timeout
    for name in [setting] if setting else ENGINES:
        command = _command(name)
        if not command:
            failures.append(f"{name} is not installed")
            continue
        found.append(name)
        try:
            finished = subprocess.run(
                [*command, *options],
                input=source.encode(),
                capture_output=True,
                timeout=max(0.0, deadline - time.monotonic()),
                check=True,
            )
            return finished.stdout
        except subprocess.TimeoutExpired:
            raise RenderingError(
                f"{name} did not finish within {timeout:g} seconds: draw less with fold='repeats' or "
                "fold='layers', an inner Value, or give it longer with draw(..., timeout=seconds)"
            ) from None
        except subprocess.CalledProcessError as error:
            reason = " ".join(error.stderr.decode(errors="replace").split())
            failures.append(f"{name} ended with status {error.returncode}: {reason[:500]}")
            refused = True
        except OSError as error:
            failures.append(f"{name} could not be started: {error}")
    raise RenderingError(
        f"no Graphviz engine renders {format} here"
        + (f", where AUTOGRAD_GRAPHVIZ is {setting}" if setting else "")
        + f": {'; '.join(failures)}"
        + f"\nTo install one: {_remedies(format, found)}"
        + ("" if refused else f"\nThe graph as text:\n{listing}")
    )


def _command(engine: str) -> list[str]:
    """How to call an engine, as far as `dot`'s own options; empty if it is not installed.

    The interpreter's own folder comes before the PATH, where a notebook's kernel often does not have it.
    """
    if engine == "pygraphviz":  # in a process of its own, which a timeout can end
        return [sys.executable, "-c", _PYGRAPHVIZ] if importlib.util.find_spec("pygraphviz") else []
    program = shutil.which(engine, path=sysconfig.get_path("scripts")) or shutil.which(engine)
    return [program] if program else []


def _remedies(format: str, found: list[str]) -> str:
    """What to install for a format where these engines have been found, and did not render it."""
    remedies = ["python -m pip install pygraphviz", "the Graphviz of your system"]
    if format in PURE_FORMATS and "graphviz-pure" not in found:
        remedies.insert(0, "python -m pip install graphviz-pure")
    return ", or ".join(remedies)
