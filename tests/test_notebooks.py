"""The notebooks run from top to bottom, and show what they showed when they were written."""

import copy
import pathlib
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = pathlib.Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """What each cell of code shows as text; addresses in memory are left out."""
    shown = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts = [
                output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs
            ]
            shown.append(re.sub(r"0x[0-9a-f]+", "0x...", "".join(parts)))
    return shown


@pytest.mark.filterwarnings("default")  # of the Jupyter packages, not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_showed(path: pathlib.Path) -> None:
    stored = nbformat.read(path, as_version=4)
    assert any(texts(stored)), "the notebook is stored with its outputs"
    fresh = copy.deepcopy(stored)
    resources = {"metadata": {"path": str(ROOT)}}
    NotebookClient(fresh, timeout=300, kernel_name="python3", resources=resources).execute()
    assert texts(fresh) == texts(stored)


@pytest.mark.filterwarnings("default")  # of the Jupyter packages, not ours
def test_a_picture_shows_as_an_image_in_an_exported_notebook() -> None:
    """An image is what an untrusted notebook may show as well: neither SVG nor scripts are."""
    source = [
        "import autograd\nx = autograd.Value(2.0, label='x')\ny = (x * x).tanh()",
        "autograd.draw(y)",
        "autograd.derivation(y, x)",
        "y",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, source)))
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    (picture,), (derivation,), (value,) = (cell.outputs for cell in notebook.cells[1:])
    assert set(picture.data) == {"text/html", "image/png", "text/plain"}
    assert "text/latex" in derivation.data
    assert "/dx = " in derivation.data["text/plain"]
    assert list(value.data) == ["text/plain"]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert re.search(r'<img [^>]*src="data:image/svg\+xml;base64,', page)
    assert "<svg" not in picture.data["text/html"]
