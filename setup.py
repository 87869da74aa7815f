"""Builds the engine in C.  Everything else about the package stands in pyproject.toml.

Without a compiler the package is installed all the same, and computes with the engine in Python; with
AUTOGRAD_CORE=native in the environment the build fails instead.
"""

import importlib
import os
import sys
import types
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
CORE = Path("autograd", "_core")

# The bits are those of the C library that Python calls, so nothing is contracted into fused operations, and
# no call of the library is replaced by another or computed by the compiler.
FLAGS = {
    "msvc": ["/O2", "/fp:precise", "/std:c11", "/utf-8"],
    "unix": ["-O3", "-ffp-contract=off", "-fno-builtin", "-fno-math-errno", "-fvisibility=hidden"],
}


def generated_header() -> str:
    """The table of primitives as C.  The modules are loaded without the package's own `__init__`, which
    needs what the engine makes."""
    for package in ("autograd", "autograd._core"):
        module = types.ModuleType(package)
        module.__path__ = [str(HERE.joinpath(*package.split(".")))]
        sys.modules[package] = module
    return importlib.import_module("autograd._core.generator").header()


class BuildEngine(build_ext):
    def build_extension(self, ext: Extension) -> None:
        # Compiled anew every time: an engine of an older table shall not outlive a failure.
        built = [Path(self.get_ext_fullpath(ext.name))]
        if self.inplace or self.editable_mode:
            built.append(HERE / self.get_ext_filename(ext.name))
        for path in built:
            path.unlink(missing_ok=True)
        self.force = True
        folder = Path(self.build_temp)
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath("formulas.h").write_text(generated_header(), encoding="utf-8")
        ext.include_dirs.append(str(folder))
        ext.extra_compile_args = FLAGS.get(self.compiler.compiler_type, FLAGS["unix"])
        super().build_extension(ext)


setup(
    cmdclass={"build_ext": BuildEngine},
    ext_modules=[
        Extension(
            "autograd._core.value",
            [str(CORE / "value.c")],
            optional=os.environ.get("AUTOGRAD_CORE") != "native",
        )
    ],
)
