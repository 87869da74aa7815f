"""Sums in the order that vectors and threads keep: the same additions, whoever carries them out."""

import fractions
import random

import pytest

from autograd import Value, reduce_mean, reduce_sum


class Written(str):
    """A number that writes down how it was added."""

    def __add__(self, other):
        return Written(f"({self}+{other})")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (1, "0"),
        (3, "((0+2)+1)"),
        (8, "(((0+4)+(2+6))+((1+5)+(3+7)))"),
        (11, "((((0+8)+4)+((2+10)+6))+(((1+9)+5)+(3+7)))"),
    ],
)
def test_the_order_of_a_block_is_that_of_its_definition(rows, expected):
    assert reduce_sum(Written(row) for row in range(rows)) == expected


def test_blocks_of_1024_rows_are_added_in_order():
    blocks = [[Written(row) for row in range(start, min(start + 1024, 2500))] for start in (0, 1024, 2048)]
    first, second, third = map(reduce_sum, blocks)
    assert reduce_sum(row for block in blocks for row in block) == f"(({first}+{second})+{third})"


def test_a_sum_is_exact_where_its_numbers_are():
    numbers = [fractions.Fraction(random.Random(1).randint(-99, 99), 7) for _ in range(3000)]
    assert reduce_sum(numbers) == sum(numbers)


def test_a_mean_multiplies_by_one_over_the_number_last():
    numbers = [0.1, 0.2, 0.7]
    assert reduce_mean(numbers) == reduce_sum(numbers) * (1 / 3)


def test_values_are_added_as_their_numbers_are():
    numbers = [random.Random(2).gauss(0, 1e3) for _ in range(1500)]
    values = list(map(Value, numbers))
    total = reduce_mean(values)
    assert total.data == reduce_mean(numbers)
    total.backward()
    assert {value.grad for value in values} == {1 / 1500}


def test_the_sum_of_nothing_is_0_and_its_mean_is_refused():
    assert reduce_sum([]) == 0.0
    with pytest.raises(ValueError, match="the mean of no terms is undefined"):
        reduce_mean([])
