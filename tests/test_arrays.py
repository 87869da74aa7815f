"""Arrays as arguments: of every kind and layout, and refused with a remedy where their numbers are none."""

import datetime

import numpy
import pytest

from autograd import grad, jacobian, jit, trace, value_and_grad, vmap


class Frame:
    """What NumPy can make an array of, and no more: a table of another library."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return numpy.array(self.numbers, dtype=dtype)


def doubled(array):
    return array * 2


TAKERS = [
    pytest.param(grad(lambda array: numpy.sum(array * array)), id="grad"),
    pytest.param(lambda array: trace(doubled)(array).evaluate(array), id="trace"),
    pytest.param(lambda array: jit(doubled)(array), id="jit"),
    pytest.param(lambda array: vmap(lambda v, x: v * x, (None, 0))(array, [2.0])[0], id="vmap, shared"),
    pytest.param(lambda array: jit(vmap(lambda v, x: v * x, (None, 0)))(array, [2.0])[0], id="both, shared"),
    pytest.param(vmap(doubled), id="vmap"),
    pytest.param(jit(vmap(doubled)), id="jit of vmap"),
]

KINDS = {
    "floats": numpy.array([[1.0, 2.0], [3.0, 4.0]]),
    "float32": numpy.array([0.1, 2.0], dtype=numpy.float32),
    "float16": numpy.array([0.1, 2.0], dtype=numpy.float16),
    "long double": numpy.array([0.5, 2.0], dtype=numpy.longdouble),
    "integers": numpy.array([[1, 2], [3, 4]]),
    "bytes": numpy.array([100, 200], dtype=numpy.uint8),
    "large integers": numpy.array([2**63, 2**64 - 1], dtype=numpy.uint64),
    "big-endian": numpy.array([1.0, 2.0], dtype=">f8"),
    "big-endian integers": numpy.array([1, 2], dtype=">i2"),
    "objects": numpy.array([1, 2.5], dtype=object),
    "Fortran": numpy.asfortranarray([[1.0, 2.0], [3.0, 4.0]]),
    "strided": numpy.arange(12.0).reshape(3, 4)[::2, 1::2],
    "reversed": numpy.arange(6.0).reshape(2, 3)[::-1, ::-1],
    "transposed": numpy.arange(6.0).reshape(2, 3).T,
    "read-only": numpy.frombuffer(numpy.array([1.0, 2.0]).tobytes()),
    "repeated": numpy.broadcast_to(1.5, (3, 2)),
    "unaligned": numpy.frombuffer(b"x" + numpy.array([1.0, 2.0]).tobytes(), offset=1),
    "subclass": numpy.array([1.0, 2.0]).view(type("Named", (numpy.ndarray,), {})),
    "one row": numpy.array([[1.0, 2.0]]),
    "empty rows": numpy.zeros((2, 0)),
}


@pytest.mark.parametrize("take", TAKERS)
@pytest.mark.parametrize("array", KINDS.values(), ids=KINDS.keys())
def test_an_array_of_any_kind_and_layout_is_one_of_doubles(array, take):
    before = array.copy()
    found = take(array)
    assert found.dtype == numpy.float64
    assert found.tolist() == (array.astype(numpy.float64) * 2).tolist()
    assert (array == before).all()


@pytest.mark.parametrize("take", TAKERS)
def test_what_numpy_makes_an_array_of_is_one(take):
    assert take(Frame([[1, 2], [3, 4]])).tolist() == [[2.0, 4.0], [6.0, 8.0]]


@pytest.mark.parametrize("take", TAKERS[:5])
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0)])
def test_an_array_of_any_shape_is_an_argument(shape, take):
    found = take(numpy.ones(shape))
    assert found == 2.0 if shape == () else found.tolist() == (2 * numpy.ones(shape)).tolist()


@pytest.mark.parametrize("take", TAKERS[5:])
@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ((), TypeError, r"an array of shape \(\) has no rows"),
        ((0,), ValueError, "there are no rows"),
        ((0, 3), ValueError, "there are no rows"),
    ],
    ids=str,
)
def test_rows_are_at_least_one(shape, error, message, take):
    with pytest.raises(error, match=message):
        take(numpy.ones(shape))


REFUSED = {
    "masked": (numpy.ma.array([1.0, 2.0], mask=[False, True]), r"array\.filled\(0\.0\)"),
    "masked nowhere": (numpy.ma.array([[1.0, 2.0], [3.0, 4.0]]), r"array\.filled\(0\.0\)"),
    "masked integers": (numpy.ma.array([1, 2], mask=[False, True]), r"array\.filled\(0\.0\)"),
    "masked number": (numpy.ma.masked, r"array\.filled\(0\.0\)"),
    "matrix": (numpy.ones((2, 2)).view(numpy.matrix), r"numpy\.asarray\(matrix\)"),
    "complex": (numpy.array([1j, 2.0]), r"not of complex128: give array\.real and array\.imag"),
    "records": (
        numpy.array([(1.0, 2.0)], dtype=[("a", float), ("b", float)]),
        r"its fields .* array\['name'\]",
    ),
    "record": (
        numpy.array([(1.0, 2)], dtype=[("a", float), ("b", int)])[0],
        r"its fields .* array\['name'\]",
    ),
    "dates": (numpy.array(["2000-01-01"], dtype="M8[D]"), r"not of datetime64\[D\]: array\.astype\(float\)"),
    "times": (numpy.array([1, 2], dtype="m8[s]"), r"not of timedelta64\[s\]: array\.astype\(float\)"),
    "gaps": (numpy.array([1.0, None]), "expected a real number in every place .*, not None: fill the gaps"),
    "lists": (
        numpy.array([[1.0], [2.0, 3.0], None][:2], dtype=object),
        r"not \[1\.0\]: .* nested lists",
    ),
}


@pytest.mark.parametrize("take", TAKERS)
@pytest.mark.parametrize(("array", "remedy"), REFUSED.values(), ids=REFUSED.keys())
def test_an_array_without_a_double_in_every_place_is_refused_with_the_remedy(array, remedy, take):
    for given in (array, [array]):
        with pytest.raises(TypeError, match=remedy):
            take(given)


@pytest.mark.parametrize("take", [TAKERS[0], *TAKERS[5:]])
@pytest.mark.parametrize(
    "texts", [numpy.array(["a"]), numpy.array(["a"], dtype=object)], ids=["str", "objects"]
)
def test_an_array_of_texts_is_none_of_numbers(texts, take):
    with pytest.raises(TypeError, match=r"expected a real number, not str|rows are of numbers, not of <U1"):
        take(texts)


@pytest.mark.parametrize(
    ("wrapped", "argument"),
    [(jit, 1.0), (jacobian, 1.0), (vmap, [1.0]), (lambda f: jit(vmap(f)), [1.0])],
    ids=["jit", "jacobian", "vmap", "jit of vmap"],
)
@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (lambda x: numpy.ma.array([x, x], mask=[False, True]), r"array\.filled"),
        (lambda x: numpy.array([[x, x]]).view(numpy.matrix), r"numpy\.asarray\(matrix\)"),
        (lambda x: [x, numpy.array([1j])], r"array\.real"),
    ],
    ids=["masked", "matrix", "complex"],
)
def test_the_same_arrays_are_refused_as_results(make, remedy, wrapped, argument):
    with pytest.raises(TypeError, match=remedy):
        wrapped(make)(argument)


def test_what_goes_beside_a_gradient_may_hold_any_array():
    masked = numpy.ma.array([1.0, 2.0], mask=[False, True])
    days = numpy.array([datetime.date(2000, 1, 1)], dtype="M8[D]")
    (_, aux), slope = value_and_grad(
        lambda x: (x * x, {"half": x / 2, "masked": masked, "days": days, "set": {1}}), has_aux=True
    )(3.0)
    assert slope == 6.0
    assert aux["half"] == 1.5
    assert aux["masked"] is masked
    assert aux["days"] is days
