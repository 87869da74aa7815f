"""The notebooks: `python docs/notebooks.py` (or `make notebooks`) runs them anew, always to the same bytes.

The source of a notebook is the Python file beside it, in jupytext's percent format: that is what is edited.
The embedded engine lays the pictures out, so that no other program decides how they look.
"""

from __future__ import annotations

import os
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def unexecuted(source: Path) -> nbformat.NotebookNode:
    """The notebook of a source, without what its cells show."""
    notebook: nbformat.NotebookNode = jupytext.read(source, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", nbformat.NotebookNode()
    return notebook


def executed(source: Path) -> nbformat.NotebookNode:
    """The notebook of a source, run from top to bottom, without anything that differs in the next run.

    Of a picture that is there as SVG, in HTML, the PNG is left out: it is five times as large.  Raises
    CellExecutionError for a cell that raises anything.
    """
    notebook = unexecuted(source)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(ROOT)}},
        record_timing=False,
        coalesce_streams=True,
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", ()):
                output.data.pop("image/png", None)
    return notebook


def main() -> None:
    """Writes every notebook."""
    os.environ["AUTOGRAD_GRAPHVIZ"] = "graphviz-pure"
    for source in SOURCES:
        path = source.with_suffix(".ipynb")
        nbformat.write(executed(source), path)
        print(path)


if __name__ == "__main__":
    main()
