"""The gallery shows what the library draws today, byte for byte."""

import pathlib
import re
import runpy

import pytest

FOLDER = pathlib.Path(__file__).parent.parent / "docs" / "gallery"
gallery = runpy.run_path(str(FOLDER.with_suffix(".py")))
NAMES = [make.__name__ for make in gallery["PICTURES"]]


def rounded(source):
    """The source with ten digits of each number: another C library may round the last of them otherwise."""
    return re.sub(r"-?\d+\.\d{9,}(e-?\d+)?", lambda found: f"{float(found[0]):.10g}", source)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_s_source_is_the_committed_one(name):
    committed = (FOLDER / f"{name}.dot").read_text(encoding="utf-8")
    assert rounded(gallery[name]().source) == rounded(committed)


@pytest.mark.parametrize("name", ["square", "readme", "mlp_layers", "not_a_number"])
def test_the_embedded_engine_draws_the_committed_bytes(monkeypatch, name):
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "graphviz-pure")
    assert gallery[name]().pipe("svg") == (FOLDER / f"{name}.svg").read_bytes()


def test_the_folder_holds_what_the_command_writes_and_no_more():
    formats = gallery["FORMATS"]
    expected = {f"{name}.{format}" for name in NAMES for format in formats} | {"README.md"}
    assert {path.name for path in FOLDER.iterdir()} == expected
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}.svg)" in page for name in NAMES)


@pytest.mark.parametrize(("name", "most"), [("mlp", 69), ("mlp_layers", 5), ("inputs_17_folded", 5)])
def test_the_folded_pictures_are_small(name, most):
    assert len(gallery[name]().diagram.boxes) <= most
