"""The object that `draw` returns: it renders by itself, writes files, and shows itself in every notebook."""

from __future__ import annotations

import base64
import html
import os
from pathlib import Path
from typing import Any, overload

import graphviz

from autograd.drawing import colours, dot
from autograd.drawing.diagram import Diagram
from autograd.drawing.engines import SOURCE_FORMATS, RenderingError, known, rendered, seconds
from autograd.drawing.mermaid import mermaid
from autograd.drawing.outline import outline
from autograd.files import check_folder, write_whole

__all__ = ["Picture"]

TIMEOUT = 30.0  # seconds in which a picture is laid out, unless the caller says otherwise


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` that finds an engine by itself, and shows itself in every notebook.

    The engines are tried in the order of `engines.ENGINES`, until one renders the format asked for: the
    system's `dot`; graphviz-pure; pygraphviz, if it is installed.  The environment variable
    AUTOGRAD_GRAPHVIZ names the only one to use, or the path of such a program.  `source` is the DOT text,
    `diagram` what the picture shows and `listing` the graph as text.  A file is written as a whole or not
    at all.
    """

    def __init__(
        self,
        *arguments: Any,
        diagram: Diagram = Diagram(),  # noqa: B008 (it cannot change)
        listing: str = "",
        timeout: float = TIMEOUT,
        format: str = "svg",
        **attributes: Any,
    ) -> None:
        super().__init__(*arguments, **attributes)
        self.format = format
        self.diagram = diagram
        self.listing = listing
        self.timeout = timeout

    @classmethod
    def of(cls, diagram: Diagram, *, listing: str, timeout: float, format: str, rankdir: str) -> Picture:
        """The picture of a diagram; `rankdir` is the direction of computation."""
        picture = cls(
            "computation_graph",
            diagram=diagram,
            listing=listing,
            timeout=timeout,
            format=format,
            **dot.attributes(diagram, rankdir),
        )
        dot.write(diagram, picture)
        return picture

    def _copy_kwargs(self, **attributes: Any) -> Any:
        own = {
            "diagram": self.diagram,
            "listing": self.listing,
            "timeout": self.timeout,
            "format": self.format,
        }
        return {**super()._copy_kwargs(**attributes), **own}

    @property
    def format(self) -> str:
        """The format of `pipe` and `render` unless they are given one: any that `write` knows."""
        return self._own_format

    @format.setter
    def format(self, format: str) -> None:
        self._own_format = known(format)

    @property
    def timeout(self) -> float:
        """The seconds in which a layout is to be done."""
        return self._timeout

    @timeout.setter
    def timeout(self, timeout: float) -> None:
        self._timeout = seconds(timeout)

    def __repr__(self) -> str:
        return self.listing

    @overload
    def pipe(self, format: str | None = None, *, encoding: None = None) -> bytes: ...

    @overload
    def pipe(self, format: str | None = None, *, encoding: str) -> str: ...

    def pipe(self, format: str | None = None, *, encoding: str | None = None) -> bytes | str:
        """The picture as bytes, or as text if an encoding is given.

        Raises ValueError for an unknown format and RenderingError if no engine renders a known one.
        """
        picture = self._rendered(known(format or self.format))
        return picture if encoding is None else picture.decode(encoding)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture in the format of the path's suffix, and returns the path.

        svg, png, jpg and json work everywhere, pdf with `dot` or pygraphviz.  Without any engine: dot and
        gv are the source, mmd a Mermaid flowchart and txt plain text.  Of more than 500 edges or 50,000
        characters Mermaid draws no flowchart, unless the page that shows it allows more; its first line
        says so.  Raises ValueError for an unknown format, FileNotFoundError for a missing folder and
        RenderingError if no engine renders it, always before anything is written.
        """
        path = Path(path)
        if not path.suffix.removeprefix("."):
            raise ValueError(f"give the file a suffix: {path.name.removesuffix('.')}.svg")
        format = known(path.suffix.removeprefix("."))
        check_folder(path)
        write_whole(path, self._rendered(format))
        return path

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
    ) -> str:
        """Writes the picture, and its source unless `cleanup`, where `graphviz.Digraph.render` would.

        That is to `filename.format` and `filename`, or to `outfile` and its name with the suffix gv.
        Returns the picture's path; raises what `write` raises.  An engine's warnings are never shown.
        """
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        if outfile is None:
            format = known(format or self.format)
            source = Path(self.filepath)
            target = source.with_name(f"{source.name}.{format}")
        else:
            target = Path(self.directory, outfile)
            format = known(format or target.suffix.removeprefix("."))
            source = target.with_suffix(".gv") if filename is None else Path(self.filepath)
        check_folder(source)
        check_folder(target)
        picture = self._rendered(format)
        if not cleanup:
            write_whole(source, self.source.encode())
        write_whole(target, picture)
        if view or quiet_view:
            self._view(str(target), format=format, quiet=quiet_view)
        return str(target)

    def _rendered(self, format: str) -> bytes:
        if format in SOURCE_FORMATS:
            return self.source.encode()  # type: ignore[no-any-return]
        if format in ("mmd", "mermaid"):
            return mermaid(self.diagram, self.graph_attr["rankdir"]).encode()
        if format in ("txt", "text"):
            return outline(self.diagram).encode()
        picture = rendered(
            self.source, format, layout=self.engine, timeout=self.timeout, listing=self.listing
        )
        return colours.adaptable(picture) if format == "svg" else picture

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        """What a notebook shows: an image inside HTML, which no notebook strips; a PNG; the listing.

        Without an engine, or where the layout takes too long, the text says what to do.  Never raises.
        """
        try:
            svg, png = (base64.b64encode(self._rendered(format)).decode() for format in ("svg", "png"))
        except RenderingError as error:
            return {"text/plain": str(error)}
        alternative = html.escape(self.listing.partition("\n")[0])
        bundle = {
            "text/html": f'<img alt="{alternative}" src="data:image/svg+xml;base64,{svg}">',
            "image/png": png,
            "text/plain": self.listing,
        }
        return {
            kind: bundle[kind]
            for kind in bundle
            if kind in (include or bundle) and kind not in (exclude or ())
        }
