"""The layout of the packages: who imports whom, what an import costs, what is documented."""

import ast
import importlib
import pathlib
import subprocess
import sys

import pytest

import autograd
import nn
from autograd import Value, draw, grad
from autograd.primitives import table

ROOT = pathlib.Path(autograd.__file__).parent
ORDER = (
    "special", "modes", "rows", "primitives", "straightline", "recording", "copying", "node", "value",
    "_core", "engine", "reduction", "containers", "naming", "sweeps", "graph", "transforms", "math",
    "formula", "notation", "files", "drawing", "explorer", "compiler", "testing", "__init__", "__main__",
)  # fmt: skip
"""The modules of autograd, lowest first: each imports only from those before it."""


def imported_modules(path):
    """The modules of this project that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            names = [f"{package}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in ("autograd", "nn"):
                yield name.split(".")


def files(module):
    """The files of a module, or of a package that the order lists as one."""
    package = ROOT / module
    return sorted(package.glob("*.py*")) if package.is_dir() else [ROOT / f"{module}.py"]


def test_the_order_lists_every_module():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {path.stem for path in ROOT.glob("*.py")} | packages == set(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_from_lower_ones(module):
    for path in files(module):
        for package, *rest in imported_modules(path):
            if package == "nn":
                assert module == "__main__"
            elif rest and rest[0] in ORDER:
                within = rest[0] == module and path.parent.name == module
                assert within or ORDER.index(rest[0]) < ORDER.index(module), f"{path} imports {rest[0]}"
            else:
                assert module == "__main__", f"{path} imports the package itself"


@pytest.mark.parametrize(
    "path", sorted(pathlib.Path(nn.__file__).parent.glob("*.py")), ids=lambda path: path.stem
)
def test_nn_uses_the_public_names_of_autograd_only(path):
    for package, *rest in imported_modules(path):
        if package == "autograd" and rest:
            assert rest[0] in autograd.__all__ or rest[0] in ("math", "files", "drawing"), (
                f"{path.name} imports autograd.{rest[0]}"
            )


def test_importing_autograd_loads_the_standard_library_only():
    program = "import sys; before = set(sys.modules); import autograd; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in run.stdout.split()}
    assert packages - set(sys.stdlib_module_names) == {"autograd"}


@pytest.mark.parametrize("name", autograd.__all__)
def test_every_public_name_exists_and_is_documented(name):
    thing = getattr(autograd, name)
    assert name in table or name in ("engine_name", "table") or thing.__doc__


@pytest.mark.parametrize("module", [module for module in ORDER[:-1] if module != "_core"])
def test_every_public_function_of_a_module_has_a_docstring(module):
    loaded = importlib.import_module(f"autograd.{module}" if module != "__init__" else "autograd")
    assert loaded.__doc__
    for name in getattr(loaded, "__all__", ()):
        thing = getattr(loaded, name)
        if callable(thing) and name not in table:
            assert thing.__doc__, f"{module}.{name} has no docstring"


def test_a_new_row_is_callable_differentiable_twice_drawn_and_listed_by_itself():
    cosecant = autograd.primitive(
        "layout_cosecant", lambda x: 1 / autograd.sin(x), (lambda x, out: -out * out * autograd.cos(x),)
    )
    assert table["layout_cosecant"] is cosecant
    x = Value(0.5)
    y = x.layout_cosecant()
    assert y.data == cosecant(0.5) == 1 / autograd.sin(0.5)
    s, c = autograd.sin(0.5), autograd.cos(0.5)
    assert grad(cosecant)(0.5) == pytest.approx(-c / s**2, rel=1e-15)
    assert grad(grad(cosecant))(0.5) == pytest.approx((1 + c * c) / s**3, rel=1e-14)
    assert "layout_cosecant" in draw(y).source
    assert "layout_cosecant(%0)" in str(autograd.Graph(y))
    assert autograd.trace(cosecant)(0.5).gradient().evaluate(0.7) == pytest.approx(grad(cosecant)(0.7))
