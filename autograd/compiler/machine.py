"""Text in LLVM's language as machine code in this process, and the functions of Python and C that it calls.

LLVM is met nowhere else.  The code is made for the processor it runs on, and nothing about numbers is left to
the optimiser: what the text does not allow it, such as fused operations, it does not do.
"""

from __future__ import annotations

import ctypes
import functools
import math
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from autograd.compiler.emission import Externals
from autograd.rows import Primitive, real
from autograd.straightline import C_LIBRARY

__all__ = ["Callbacks", "MachineCode", "require_llvm", "vector_functions"]

_LONG_TEXT = 150_000  # characters, from which on the optimiser would cost more than it gains,
_HUGE_TEXT = 2_000_000  # and from which on code is to be made fast rather than be fast

_NEWEST_LLVM = 22  # known to have the option by which a loop with a sum in its given order becomes vectors

_BINARY = {"atan2", "pow"}
_VECTOR_LIBRARY = "libmvec.so.1"  # of glibc 2.22 or later


class Callbacks:
    """Rows that Python computes, as functions of C that take the address of the operands.

    Machine code knows no exceptions: what a row raises waits until the code is done.
    """

    addresses: dict[str, int]

    def __init__(self, rows: Mapping[str, tuple[Primitive, int]]) -> None:
        self._waiting = threading.local()
        kind = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(ctypes.c_double))
        self._functions = [kind(_guarded(row, arity, self._waiting)) for row, arity in rows.values()]
        self.addresses = {
            name: ctypes.cast(function, ctypes.c_void_p).value or 0
            for name, function in zip(rows, self._functions, strict=True)
        }

    def __bool__(self) -> bool:
        return bool(self._functions)

    def taken(self) -> BaseException | None:
        """What a row has raised in this thread since this was asked last."""
        error: BaseException | None = getattr(self._waiting, "error", None)
        self._waiting.error = None
        return error


def _guarded(row: Primitive, arity: int, waiting: Any) -> Any:
    def compute(operands: Any) -> float:
        try:
            return real(row(*operands[:arity]))
        except BaseException as error:
            waiting.error = error
            return math.nan

    return compute


class MachineCode:
    """Machine code, whose addresses hold as long as this object lives, and then are free again.

    The optimiser gets what it makes faster: a text that `is_rolled`, whose loops are short however long its
    tables are, and one that `is_reduced`, which adds up rows, unless it is long.  Anything else is about as
    fast without it and compiled in half the time; and llvmlite keeps 1.5 kB of each of its runs for good.
    Raises ImportError without llvmlite.
    """

    callbacks: Callbacks

    def __init__(
        self, text: str, externals: Externals, *, is_rolled: bool = False, is_reduced: bool = False
    ) -> None:
        llvm = _llvm()
        self.callbacks = Callbacks(externals.rows)
        context = llvm.create_context()  # of its own: a shared one would keep every constant for good
        module = llvm.parse_assembly(text, context)
        machine = _target_machine(0 if len(text) >= _HUGE_TEXT and not is_rolled else 2)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        if is_rolled or (is_reduced and len(text) < _LONG_TEXT):
            _optimise(module)
        engine = llvm.create_mcjit_compiler(module, machine)
        addresses = {**_library_addresses(externals), **self.callbacks.addresses}
        for function in module.functions:
            if function.name in addresses:
                engine.add_global_mapping(function, addresses[function.name])
        engine.finalize_object()
        self._engine, self._module = engine, module
        weakref.finalize(self, _dispose, engine, context, self.callbacks).atexit = False

    @property
    def taken(self) -> Callable[[], BaseException | None] | None:
        """What gives the exception of a row in Python, to be asked after each call; None if there is none."""
        return self.callbacks.taken if self.callbacks else None

    @property
    def text(self) -> str:
        """The functions in LLVM's language, as the optimiser left them."""
        return str(self._module)

    def address(self, name: str) -> int:
        """Where the function of this name begins."""
        return int(self._engine.get_function_address(name))


def _dispose(engine: Any, context: Any, callbacks: Callbacks) -> None:
    """Frees the code, and after it what it needs."""
    engine.close()
    context.close()


def _optimise(module: Any) -> None:
    llvm = _llvm()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    builder = llvm.create_pass_builder(_target_machine(2), options)  # a used one gets slower with every use
    passes = builder.getModulePassManager()
    passes.run(module, builder)
    llvm.NewPassManager._dispose(passes)  # which `close` would not do
    passes.detach()


def require_llvm() -> None:
    """Raises ImportError where llvmlite is missing."""
    _llvm()


@functools.cache
def _llvm() -> Any:
    """llvmlite, ready to make code for this processor."""
    try:
        import llvmlite.binding as llvm
    except ImportError as error:
        raise ImportError(
            "compiling needs llvmlite: install it by `python -m pip install 'scalar-autograd[compile]'`"
        ) from error
    if llvm.llvm_version_info[0] <= _NEWEST_LLVM:
        llvm.set_option("", "-force-ordered-reductions")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _target_machine(level: int) -> Any:
    """This processor, as LLVM sees it: an engine takes it over, so each has its own."""
    llvm = _llvm()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=level, jit=True
    )


# --- The C library ------------------------------------------------------------------------------------


@functools.cache
def _c_library() -> Any:
    """The library whose functions `math` calls: if `math` is a file of its own, what that is linked to."""
    if sys.platform == "win32":
        return ctypes.CDLL("ucrtbase")
    return ctypes.CDLL(getattr(math, "__file__", None))


@functools.cache
def _vector_library() -> Any:
    """glibc's functions of eight numbers at a time; None without any that this processor can run."""
    features = _llvm().get_host_cpu_features()
    try:
        return ctypes.CDLL(_VECTOR_LIBRARY) if features.get("avx512f") else None
    except OSError:
        return None


def vector_functions() -> dict[str, str]:
    """The functions of the C library that exist for eight numbers at a time: their names there.

    They are those of the vector function ABI of x86-64, `_ZGVeN8v_exp`, with one `v` per argument.
    """
    library = _vector_library()
    names = {name: f"_ZGVeN8{'v' * (1 + (name in _BINARY))}_{name}" for name in C_LIBRARY}
    return {
        name: symbol for name, symbol in names.items() if library is not None and hasattr(library, symbol)
    }


def _library_addresses(externals: Externals) -> dict[str, int]:
    functions = {function: _address(_c_library(), name) for function, name in externals.c_functions.items()}
    return functions | {symbol: _address(_vector_library(), symbol) for symbol in externals.vectors}


def _address(library: Any, name: str) -> int:
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
