"""Names for Values: from keywords, and from the variables of the caller."""

import pytest

from autograd import Value, expression, label, latex, variable_names


def test_label_names_values_and_the_contents_of_containers():
    x, w = Value(1.0), [Value(2.0), (Value(3.0),)]
    assert label(x=x, w=w, named={"b": Value(1.0, "old")}) is None
    assert (x.label, w[0].label, w[1][0].label) == ("x", "w[0]", "w[1][0]")


def test_what_is_no_value_is_refused_and_no_label_is_changed():
    x = Value(1.0, "before")
    with pytest.raises(TypeError, match=r"label names Values, and w\[1\] is of type float"):
        label(x=x, w=[Value(1.0), 2.0])
    with pytest.raises(ValueError, match="x and y are the same Value"):
        label(x=x, y=x)
    assert x.label == "before"


def test_variables_of_the_caller_name_values_on_request():
    x, w = Value(2.0), Value(2.0, "label")
    _hidden = Value(1.0)
    product = x * w + _hidden
    assert expression(product) == "2*label + 1"
    assert expression(product, variable_names()) == "x*w + 1"
    assert latex(product, variable_names()) == r"x \cdot w + 1"
    assert (x.label, w.label) == ("", "label")
