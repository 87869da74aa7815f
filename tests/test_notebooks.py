"""The notebooks run from top to bottom, and show what they showed when they were written."""

import copy
import pathlib
import re

import nbformat
import pytest
from nbclient import NotebookClient

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
