"""The notebooks are their sources, run from top to bottom, with what they showed when they were stored."""

import pathlib
import re
import runpy

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = pathlib.Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
notebooks = runpy.run_path(str(ROOT / "docs" / "notebooks.py"))

every_source = pytest.mark.parametrize("source", notebooks["SOURCES"], ids=lambda path: path.stem)
jupyter_may_warn = pytest.mark.filterwarnings("default")  # of its packages, not ours


def stored(source: pathlib.Path) -> nbformat.NotebookNode:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
    return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """What each cell of code shows as text."""
    return [
        "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_the_folder_holds_notebooks_and_their_sources_and_no_more():
    pairs = {path.with_suffix(suffix) for path in notebooks["SOURCES"] for suffix in (".py", ".ipynb")}
    assert {path for path in FOLDER.iterdir() if path.is_file()} == pairs | {FOLDER / "jupytext.toml"}


@every_source
def test_a_notebook_has_the_cells_of_its_source(source):
    assert cells(stored(source)) == cells(notebooks["unexecuted"](source))


@jupyter_may_warn
@every_source
def test_a_notebook_shows_what_it_showed(source):
    assert any(texts(stored(source))), "the notebook is stored with its outputs"
    assert texts(notebooks["executed"](source)) == texts(stored(source))


@every_source
def test_a_notebook_is_stored_without_what_differs_in_the_next_run(source):
    notebook = stored(source)
    assert notebook.metadata == notebooks["METADATA"]
    assert all(not cell.metadata for cell in notebook.cells)
    assert not re.search(r"0x[0-9a-f]{6,}", "".join(texts(notebook))), "an address in memory"


@every_source
def test_a_link_leads_to_a_file(source):
    text = "".join(cell.source for cell in stored(source).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (FOLDER / target).is_file()


def test_the_index_links_every_other_notebook():
    text = "".join(cell.source for cell in stored(FOLDER / "index.py").cells)
    others = {path.stem for path in notebooks["SOURCES"]} - {"index"}
    assert set(re.findall(r"\((\w+)\.ipynb\)", text)) == others


@jupyter_may_warn
def test_a_picture_shows_as_an_image_in_an_exported_notebook():
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
