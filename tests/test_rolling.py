"""A program as loops: what it repeats is one loop, whatever its length, and every bit is kept."""

import ctypes
import functools
import itertools
import math
import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from test_compiler_passes import values

import autograd
from autograd import primitives, trace, value_and_grad
from autograd.compiler.columns import extents, strides, varying
from autograd.compiler.emission import Externals
from autograd.compiler.kernel import compiled
from autograd.compiler.loops import rolled_function
from autograd.compiler.machine import MachineCode
from autograd.compiler.nests import For, nest
from autograd.compiler.program import Operation, Program, expanded, lowered, recorded
from autograd.compiler.rolled import Rolled, evaluate
from autograd.compiler.rolling import rolled

LONG = 40  # members of a kind: enough for a loop


def traced(function: Callable[..., Any], *arguments: Any) -> Program:
    return recorded(trace(function)(*arguments))


def bits(numbers: Sequence[float] | None) -> list[str] | None:
    """Tells -0.0 from 0.0; every nan counts as equal."""
    return None if numbers is None else ["nan" if math.isnan(x) else float(x).hex() for x in numbers]


def straight(program: Program, numbers: Sequence[float]) -> list[float] | None:
    """The outputs operation by operation; None if a guard has another truth than in the trace."""
    computed = values(program, numbers)
    if any(bool(computed[number]) is not truth for number, truth in program.guards):
        return None
    return [computed[output] for output in program.outputs]


def shapes(whole: Rolled) -> list[tuple[int, ...]]:
    return [(*loop.shape, *loop.steps) for loop in whole.loops]


def rows_of(whole: Rolled) -> list[str]:
    return [row.name for loop in whole.loops for row, _ in loop.statements]


# --- Every bit ----------------------------------------------------------------------------------------

UNARY = [primitives.neg, primitives.sin, primitives.abs, primitives.square, primitives.relu]
BINARY = [primitives.add, primitives.sub, primitives.mul, primitives.less, primitives.strong_product]


class RandomProgram:
    """Operations on whole columns of values, which are read in many orders, and chains over them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        choice, uniform = self.random.choice, self.random.uniform
        self.inputs = choice([1, 5, 20, 40])
        self.constants = [0.0, 1.0, *(uniform(-1, 1) for _ in range(choice([1, 20])))]
        self.operations: list[Operation] = []
        first = self.inputs + len(self.constants)
        self.columns = [[*range(self.inputs)], [*range(self.inputs, first)]]
        for _ in range(self.random.randrange(1, 10)):
            self.columns.append(choice([self.applied, self.applied, self.combined])())

    def apply(self, row: autograd.Primitive, *operands: int) -> int:
        self.operations.append(Operation(row, operands))
        return self.inputs + len(self.constants) + len(self.operations) - 1

    def column(self, length: int) -> list[int]:
        """Earlier values, in order, repeated, backwards or in disorder."""
        column, step = self.random.choice(self.columns), self.random.choice([2, 3, 5])
        start = self.random.randrange(len(column))
        size = len(column)
        places = self.random.choice(
            [
                lambda i: start + i,
                lambda i: start,
                lambda i: i // step,
                lambda i: i % step,
                lambda i: size - 1 - i,
                lambda i: self.random.randrange(size),
            ]
        )
        return [column[places(i) % size] for i in range(length)]

    def applied(self) -> list[int]:
        length = self.random.choice([1, 3, 16, 20, 36, 60])
        rows, count = self.random.choice([(UNARY, 1), (BINARY, 2), (BINARY, 2), ([primitives.where], 3)])
        row = self.random.choice(rows)
        columns = [self.column(length) for _ in range(count)]
        return [self.apply(row, *operands) for operands in zip(*columns, strict=True)]

    def combined(self) -> list[int]:
        """Chains of sums or products over the rows, or the columns, of a table of terms."""
        count, steps = self.random.choice([1, 2, 16, 20]), self.random.choice([3, 9, 12])
        row = self.random.choice([primitives.add, primitives.mul])
        terms = self.column(count * steps)
        if self.random.random() < 0.6:
            others = self.column(count * steps)
            terms = [self.apply(primitives.mul, x, y) for x, y in zip(terms, others, strict=True)]
        if self.random.random() < 0.5:
            table = [terms[member * steps : (member + 1) * steps] for member in range(count)]
        else:
            table = [terms[member::count] for member in range(count)]
        if self.random.random() < 0.5:
            table = [[start, *chain] for start, chain in zip(self.column(count), table, strict=True)]
        if self.random.random() < 0.3:
            return [functools.reduce(lambda x, y: self.apply(row, y, x), chain) for chain in table]
        return [functools.reduce(functools.partial(self.apply, row), chain) for chain in table]

    def program(self, numbers: Sequence[float]) -> Program:
        """The program of some columns, whose guards are some conditions, as these numbers have them."""
        some = self.random.sample(self.columns, min(3, len(self.columns)))
        outputs = [*itertools.chain(*some), self.random.choice(some)[0]]
        first = self.inputs + len(self.constants)
        program = Program(self.inputs, tuple(self.constants), tuple(self.operations), tuple(outputs))
        computed = values(program, numbers)
        conditions = [
            number for number, (row, _) in enumerate(self.operations, first) if row is primitives.less
        ]
        guards = tuple(
            (number, bool(computed[number])) for number in conditions[:: self.random.choice([1, 3])]
        )
        return program._replace(guards=guards)


def drawn(seed: int) -> tuple[Program, list[float]]:
    generated = RandomProgram(seed)
    numbers = [generated.random.uniform(-2, 2) for _ in range(generated.inputs)]
    return generated.program(numbers), numbers


@pytest.mark.parametrize("seed", range(150))
def test_loops_have_the_bits_of_the_program(seed):
    program, numbers = drawn(seed)
    assert bits(evaluate(rolled(program), numbers)) == bits(straight(program, numbers))


def in_machine_code(program: Program, numbers: Sequence[float]) -> list[float]:
    externals = Externals()
    text = rolled_function(rolled(program), externals)
    code = MachineCode(f"{externals.text}\n{text}", externals, is_rolled=True)
    point = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(code.address("point"))
    given = (ctypes.c_double * len(numbers))(*numbers)
    found = (ctypes.c_double * len(program.outputs))()
    assert point(ctypes.addressof(given), ctypes.addressof(found)) == 1
    return list(found)


@pytest.mark.parametrize("seed", range(12))
def test_loops_in_machine_code_have_the_bits_of_the_program(seed):
    program, numbers = drawn(seed)
    assert bits(in_machine_code(program, numbers)) == bits(straight(program, numbers))


@pytest.mark.parametrize("seed", range(30))
def test_a_guard_with_another_truth_leaves_no_outputs(seed):
    program, numbers = drawn(seed)
    if program.guards:
        (number, truth), *others = program.guards
        program = program._replace(guards=((number, not truth), *others))
        assert evaluate(rolled(program), numbers) is None


def test_a_sum_is_folded_in_its_own_order():
    numbers = [1.0, 1e16, -1e16, 0.1] * 10
    found = evaluate(rolled(traced(lambda xs: sum(xs), numbers)), numbers)
    assert found == [functools.reduce(operator.add, numbers, 0.0)] != [math.fsum(numbers)]


def test_a_sum_without_a_start_begins_with_its_first_term():
    numbers = [-0.0] * LONG
    program = traced(lambda xs: functools.reduce(operator.add, xs), numbers)
    assert bits(evaluate(rolled(program), numbers)) == ["-0x0.0p+0"]


# --- Structure ----------------------------------------------------------------------------------------


def rosenbrock(x: Sequence[Any]) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total = total + (100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2)
    return total


@pytest.mark.parametrize("size", [LONG, 5 * LONG])
def test_rosenbrock_with_its_gradient_is_two_loops(size):
    program = traced(value_and_grad(rosenbrock), [0.5] * size)
    assert shapes(rolled(program)) == [(size - 1,), (size - 2,)]


def test_the_length_of_a_program_changes_only_the_numbers_in_it():
    def structure(size: int) -> list[str]:
        return rows_of(rolled(traced(value_and_grad(rosenbrock), [0.5] * size)))

    assert structure(LONG) == structure(5 * LONG)


def network(samples: int) -> Program:
    """The sum of the outputs of a network of 3, 16 and 1 neurons, with its gradient."""

    def loss(weights: list[list[Any]], output: list[Any], points: list[list[Any]]) -> Any:
        total = 0.0
        for point in points:
            hidden = [autograd.math.tanh(sum(map(operator.mul, row, point))) for row in weights]
            total = total + sum(map(operator.mul, output, hidden))
        return total

    weights = [[0.1 * i - 0.2 * j for j in range(3)] for i in range(16)]
    points = [[math.sin(i + j) for j in range(3)] for i in range(samples)]
    return traced(value_and_grad(loss, argnums=(0, 1)), weights, [0.5] * 16, points)


def test_the_neurons_and_samples_of_a_network_are_nests():
    few, many = rolled(network(20)), rolled(network(40))
    assert len(few.loops) == len(many.loops) <= 8
    assert (16, 3, 40) in [loop.shape for loop in many.loops]
    assert rows_of(few) == rows_of(many)


def test_a_sum_and_its_terms_are_one_loop_and_nothing_is_stored():
    whole = rolled(traced(lambda xs, ys: sum(map(operator.mul, xs, ys)), [1.0] * LONG, [2.0] * LONG))
    assert (shapes(whole), whole.values) == ([(LONG,)], 0)


def test_sums_of_equal_length_are_one_nest():
    def products(rows: list[list[Any]], x: list[Any]) -> list[Any]:
        return [sum(map(operator.mul, row, x)) for row in rows]

    (loop,) = rolled(traced(products, [[1.0] * 12] * 20, [2.0] * 12)).loops
    assert (loop.shape, loop.steps, len(loop.folds)) == ((20,), (12,), 1)


def test_a_chain_of_two_alternating_terms_is_one_loop():
    def alternating(x: list[Any]) -> Any:
        total = 0.0
        for number in x:
            total = total + number * number + autograd.sin(number)
        return total

    (loop,) = rolled(traced(alternating, [1.0] * LONG)).loops
    assert (loop.steps, len(loop.folds[0].terms)) == ((LONG,), 2)


def test_sums_that_are_used_on_the_way_are_no_fold():
    numbers = [0.1] * LONG
    program = traced(lambda xs: list(itertools.accumulate(xs)), numbers)
    whole = rolled(program)
    assert not any(loop.folds for loop in whole.loops)
    assert evaluate(whole, numbers) == list(itertools.accumulate(numbers))


def test_what_is_computed_twice_is_computed_once():
    def twice(x: list[Any]) -> list[Any]:
        return [autograd.sin(number) + autograd.sin(number) for number in x]

    assert rows_of(rolled(traced(twice, [1.0] * LONG))) == ["sin", "add"]


def test_a_coefficient_keeps_what_it_multiplies_apart_and_data_do_not():
    def affine(x: list[Any]) -> list[Any]:
        return [2 * number for number in x] + [3 * number for number in x]

    def scaled(x: list[Any]) -> list[Any]:
        return [place * number for place, number in enumerate(x)]

    assert shapes(rolled(traced(affine, [1.0] * LONG))) == [(LONG,), (LONG,)]
    assert shapes(rolled(traced(scaled, [1.0] * LONG))) == [(LONG,)]


def test_places_without_a_rule_are_in_a_table():
    def shuffled(x: list[Any]) -> list[Any]:
        return [x[i] * x[i * i % 37] for i in range(LONG)]

    whole = rolled(traced(shuffled, [1.0] * LONG))
    assert whole.table == tuple(i * i % 37 for i in range(LONG))
    assert len(whole.loops) == 1


def test_few_repetitions_are_straight_code():
    assert shapes(rolled(traced(lambda x: [autograd.sin(number) for number in x], [1.0] * 3))) == [()]


def test_a_row_that_others_define_is_taken_apart_in_its_loop():
    whole = rolled(traced(lambda x: [autograd.primitives.relu(number) for number in x], [1.0] * LONG))
    assert rows_of(whole) == ["less_equal", "where"]


def test_outputs_may_be_inputs_constants_and_the_same_value_twice():
    def several(x: list[Any]) -> list[Any]:
        squares = [number * number for number in x]
        return [*x, 7.0, *squares, squares[3]]

    numbers = [float(place) for place in range(LONG)]
    squares = [number * number for number in numbers]
    assert evaluate(rolled(traced(several, numbers)), numbers) == [*numbers, 7.0, *squares, 9.0]


def test_a_program_without_operations_copies():
    assert evaluate(rolled(traced(lambda x: x, [1.0, 2.0])), [3.0, 4.0]) == [3.0, 4.0]


def test_an_operation_of_many_operands_is_computed_by_itself():
    numbers = [1e16, 1.0, -1e16] * 20
    program = traced(lambda x: [autograd.fsum(*x)] * 2, numbers)
    assert evaluate(rolled(program), numbers) == [20.0, 20.0]


# --- Recurrences --------------------------------------------------------------------------------------


def powers(steps: int) -> Callable[..., Any]:
    def f(x: Any) -> Any:
        for _ in range(steps):
            x = x * 1.0001 + 1e-3
        return x

    return f


def logistic(steps: int) -> Callable[..., Any]:
    def f(x: Any, rate: Any) -> Any:
        for _ in range(steps):
            x = rate * x * (1 - x)
        return x

    return f


def newton(steps: int) -> Callable[..., Any]:
    def f(a: Any) -> Any:
        x = 1.0
        for _ in range(steps):
            x = x - (x * x * x - a) / (3 * x * x)
        return x

    return f


def pendulum(steps: int) -> Callable[..., Any]:
    """Integrated by the rule of Runge and Kutta of order 4."""
    h = 0.01

    def f(angle: Any, speed: Any, g: Any) -> Any:
        def derivatives(angle: Any, speed: Any) -> tuple[Any, Any]:
            return speed, -g * autograd.sin(angle)

        for _ in range(steps):
            a1, s1 = derivatives(angle, speed)
            a2, s2 = derivatives(angle + h / 2 * a1, speed + h / 2 * s1)
            a3, s3 = derivatives(angle + h / 2 * a2, speed + h / 2 * s2)
            a4, s4 = derivatives(angle + h * a3, speed + h * s3)
            angle = angle + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
            speed = speed + h / 6 * (s1 + 2 * s2 + 2 * s3 + s4)
        return angle

    return f


def low_pass(steps: int) -> Callable[..., Any]:
    """The energy of a filtered signal, whose samples are known."""

    def f(weight: Any, memory: Any) -> Any:
        level, energy = 0.0, 0.0
        for place in range(steps):
            level = weight * math.sin(place) + memory * level
            energy = energy + level * level
        return energy

    return f


def biquad(steps: int) -> Callable[..., Any]:
    """A filter that looks two steps back, and gives all of its results."""

    def f(a: Any, b: Any) -> list[Any]:
        levels = [a, b]
        for place in range(steps):
            levels.append(a * levels[-1] - b * levels[-2] + math.cos(place))
        return levels

    return f


def echo(steps: int) -> Callable[..., Any]:
    """What is read from so far back that it is not carried along."""

    def f(a: Any, b: Any) -> Any:
        levels = [a] * 9
        for _ in range(steps):
            levels.append((levels[-1] + levels[-9] * b).tanh())
        return levels[-1]

    return f


def exchange(steps: int) -> Callable[..., Any]:
    """Two numbers that change places."""

    def f(x: Any, y: Any) -> Any:
        for _ in range(steps):
            x, y = y, (x - y).sin()
        return x * y

    return f


def halving(steps: int) -> Callable[..., Any]:
    """A loop of Python that asks of each number whether it is small: a guard in each step."""

    def f(x: Any) -> Any:
        while x > 2.0**-steps:
            x = x * 0.5 + x * 1e-9
        return x

    return f


def polygon(steps: int) -> Callable[..., Any]:
    """A recurrence whose every step is one operation of many that are alike, and independent."""

    def f(x: Any) -> Any:
        corners = [x]
        for _ in range(steps):
            corners.append(corners[-1].cos())
        total = 0.0
        for corner in [corner.exp() for corner in corners]:
            total = total + corner
        return total

    return f


RECURRENCES: list[tuple[Callable[[int], Callable[..., Any]], list[float]]] = [
    (powers, [1.5]),
    (logistic, [0.3, 3.7]),
    (newton, [5.0]),
    (pendulum, [1.0, 0.5, 9.81]),
    (low_pass, [0.3, 0.7]),
    (biquad, [0.3, 0.7]),
    (echo, [0.4, 0.3]),
    (exchange, [0.4, 0.3]),
    (halving, [0.9]),
    (polygon, [0.5]),
]
each_recurrence = pytest.mark.parametrize(
    ("steps_of", "numbers"), RECURRENCES, ids=[steps_of.__name__ for steps_of, _ in RECURRENCES]
)
SCALARS = [(steps_of, numbers) for steps_of, numbers in RECURRENCES if steps_of is not biquad]
each_scalar = pytest.mark.parametrize(
    ("steps_of", "numbers"), SCALARS, ids=[steps_of.__name__ for steps_of, _ in SCALARS]
)
STEPS = 36


def with_gradient(function: Callable[..., Any], numbers: Sequence[float]) -> Callable[..., Any]:
    return value_and_grad(function, argnums=tuple(range(len(numbers))))


@each_recurrence
def test_the_steps_of_a_recurrence_are_one_loop_however_many_they_are(steps_of, numbers):
    few, many = (rolled(traced(steps_of(steps), *numbers)) for steps in (2 * STEPS, 20 * STEPS))
    assert rows_of(few) == rows_of(many)
    assert len(many.table) <= 2 * 20 * STEPS
    assert sum(loop.steps != () for loop in many.loops) <= 2


@each_scalar
def test_the_gradient_of_a_recurrence_is_as_many_loops_for_any_number_of_steps(steps_of, numbers):
    few, many = (
        rolled(traced(with_gradient(steps_of(steps), numbers), *numbers)) for steps in (5 * STEPS, 20 * STEPS)
    )
    assert rows_of(few) == rows_of(many)
    assert len(few.loops) == len(many.loops)


@each_recurrence
def test_a_recurrence_has_the_bits_of_the_program(steps_of, numbers):
    program = traced(steps_of(3 * STEPS), *numbers)
    assert bits(evaluate(rolled(program), numbers)) == bits(straight(program, numbers))


@pytest.mark.parametrize("back", [1, 2, 3])
@pytest.mark.parametrize("last", [1, 2])
def test_what_the_last_steps_read_of_the_steps_before_them_is_stored_in_time(back, last):
    def looking_back(x, y):
        state, seen, old = x, [], [autograd.sin(x)]
        for _ in range(100):
            old.append(autograd.cos(old[-1]))
        for step in range(100):
            seen.append(autograd.tanh(state * y + x))
            other = old[7 * step % 100] if step < 100 - last else seen[step - back]
            state = autograd.sin(seen[-1] - state) * other * y
        return state

    numbers = [0.3, 0.7]
    for function in (looking_back, with_gradient(looking_back, numbers)):
        program = traced(function, *numbers)
        expected = bits(straight(program, numbers))
        assert bits(evaluate(rolled(program), numbers)) == expected
        assert bits(compiled(program)(numbers)) == expected


@each_scalar
@pytest.mark.parametrize("order", [1, 2])
def test_the_derivatives_of_a_recurrence_have_the_bits_of_the_program(steps_of, numbers, order):
    function = steps_of(STEPS)
    if order == 2:
        function = autograd.grad(function)
    program = traced(with_gradient(function, numbers), *numbers)
    assert bits(evaluate(rolled(program), numbers)) == bits(straight(program, numbers))


@each_scalar
def test_machine_code_of_a_recurrence_has_the_bits_of_the_program(steps_of, numbers):
    program = traced(with_gradient(steps_of(5 * STEPS), numbers), *numbers)
    kernel = compiled(program)
    assert bits(kernel(numbers)) == bits(straight(program, numbers))


@each_scalar
def test_machine_code_of_a_recurrence_is_as_long_for_any_number_of_steps(steps_of, numbers):
    lengths = [len(compiled(traced(steps_of(steps), *numbers)).llvm().splitlines()) for steps in (600, 1200)]
    assert lengths[1] < 1.2 * lengths[0] < 1200


def test_a_chain_is_one_loop_that_hands_a_number_on():
    whole = rolled(traced(powers(500), 1.5))
    assert [str(line) for line in str(whole).splitlines()] == [
        "1 inputs, 2 constants, 0 values, 1 outputs",
        "loop 500 steps:",
        "    %0 = mul(carried[0], constants[0])",
        "    %1 = add(%0, constants[1])",
        "    carried[0] = inputs[0], then %1 -> outputs[0]",
    ]


def test_what_only_the_next_step_reads_has_no_place_in_memory():
    assert rolled(traced(exchange(500), 0.4, 0.3)).values <= 8


def test_a_value_from_far_back_is_read_where_the_loop_has_written_it():
    (loop,) = (loop for loop in rolled(traced(echo(500), 0.4, 0.3)).loops if loop.steps)
    read = {operand.array for _, operands in loop.statements for operand in operands if len(operand) > 1}
    assert read == {"inputs", "carried", "own"}


def test_the_reverse_sweep_reads_the_steps_backwards():
    whole = rolled(traced(value_and_grad(logistic(500)), 0.3, 3.7))
    read = [
        operand
        for loop in whole.loops
        for _, operands in loop.statements
        for operand in operands
        if len(operand) > 1 and operand.array == "values" and operand.strides
    ]
    assert {operand.strides for operand in read} == {(-1,)}
    assert not whole.table


def test_what_repeats_without_needing_itself_has_no_steps():
    def separate(x: list[Any]) -> list[Any]:
        y = x[0]
        levels = [y := (y * number).sin() for number in x]
        return [*levels, *(level.exp() for level in levels)]

    whole = rolled(traced(separate, [0.5] * 200))
    assert [(loop.shape, loop.steps) for loop in whole.loops if loop.shape or loop.steps] == [
        ((), (200,)),
        ((200,), ()),
    ]


def test_the_guards_of_a_loop_of_python_are_columns():
    program = traced(halving(200), 0.9)
    whole = rolled(program)
    assert len(program.guards) >= 200
    assert len(whole.guards) == 2
    assert len(whole.loops) <= 3
    assert evaluate(whole, [0.4]) is None
    assert evaluate(whole, [0.91]) == straight(program, [0.91])


def test_steps_that_differ_now_and_then_make_a_longer_period():
    def f(x: Any, steps: int) -> Any:
        for step in range(steps):
            x = x.sin() if step % 5 else (x * x).exp()
        return x

    few, many = (rolled(traced(lambda x, steps=steps: f(x, steps), 0.5)) for steps in (200, 2000))
    assert rows_of(few) == rows_of(many)
    assert len(rows_of(many)) < 20


def test_what_does_not_repeat_stays_straight_code():
    choose = random.Random(1)
    program = traced(
        lambda x: functools.reduce(
            lambda y, _: choose.choice([autograd.sin, autograd.exp, autograd.tanh])(y), range(300), x
        ),
        0.5,
    )
    assert set(shapes(rolled(program))) == {()}


def swarm(steps: int) -> Callable[..., Any]:
    """Many numbers that go the same way, each by itself, and meet at the end."""

    def f(x: list[Any]) -> Any:
        for _ in range(steps):
            x = [0.9 * number.sin() for number in x]
        return functools.reduce(operator.mul, x)

    return f


def test_steps_of_many_numbers_at_a_time_are_one_loop_too():
    numbers = [0.1 * place + 0.1 for place in range(16)]
    few, many = (rolled(traced(swarm(steps), numbers)) for steps in (1300, 2600))
    assert rows_of(few) == rows_of(many)
    assert len(rows_of(many)) < 100
    assert bits(evaluate(few, numbers)) == bits([swarm(1300)([*map(autograd.Value, numbers)]).data])


class RandomRecurrence:
    """Some steps of random operations on what earlier steps, the inputs and constants have to give."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        uniform, choice = self.random.uniform, self.random.choice
        self.steps = choice([30, 60, 101])
        self.size = choice([1, 2, 3])
        self.numbers = [uniform(-1, 1) for _ in range(self.size + self.steps)]
        self.data = [uniform(-0.5, 0.5) for _ in range(self.steps)]
        self.restart = choice([self.steps, self.steps, 17])  # steps, after which all begins anew
        self.every = choice([1, 1, 7])  # of which step the result counts
        self.body = [
            (choice([*UNARY, *BINARY, primitives.where]), [self.source() for _ in range(3)])
            for _ in range(self.random.randrange(1, 8))
        ]
        self.results = [self.random.randrange(len(self.body)) for _ in range(self.size)]

    def source(self) -> tuple[str, int, int]:
        kinds = ["state", "state", "earlier", "computed", "computed", "sample", "datum", "first"]
        return self.random.choice(kinds), self.random.randrange(100), self.random.choice([1, 2, 3, 6])

    def operand(self, source: tuple[str, int, int], states: list[list[Any]], computed: list[Any]) -> Any:
        kind, number, distance = source
        step = len(states) - 1
        if kind == "earlier":
            return states[max(0, step - distance)][number % self.size]
        if kind == "sample":
            return states[0][self.size + step * distance % self.steps]
        if kind == "datum":
            return self.data[step] if distance == 1 else 0.75
        if kind == "computed" and computed:
            return computed[number % len(computed)]
        return states[0 if kind == "first" else step][number % self.size]

    def __call__(self, x: list[Any]) -> Any:
        states = [x]
        total = 0.0
        for step in range(self.steps):
            computed: list[Any] = []
            for row, sources in self.body:
                operands = [self.operand(source, states, computed) for source in sources]
                count = 1 if row in UNARY else 2 if row in BINARY else 3
                computed.append(row(*operands[:count]) + 0.0)
            if step % self.restart == self.restart - 1:
                states.append([number * 0.5 for number in x[: self.size]])
            else:
                states.append([computed[result] * 0.9 + 0.05 for result in self.results])
            if step % self.every == 0:
                total = total + states[-1][0] * states[-1][-1]
        return total


@pytest.mark.parametrize("seed", range(60))
def test_random_recurrences_have_the_bits_of_the_program(seed):
    function = RandomRecurrence(seed)
    program = traced(value_and_grad(function), function.numbers)
    assert bits(evaluate(rolled(program), function.numbers)) == bits(straight(program, function.numbers))


@pytest.mark.parametrize("seed", range(60, 68))
def test_random_recurrences_in_machine_code_have_the_bits_of_the_program(seed):
    function = RandomRecurrence(seed)
    program = traced(value_and_grad(function), function.numbers)
    assert bits(in_machine_code(program, function.numbers)) == bits(straight(program, function.numbers))


# --- Programs as recorded -----------------------------------------------------------------------------


def test_a_recorded_program_keeps_its_rows_and_an_expanded_one_takes_them_apart():
    program = traced(lambda x: x**2 + 1, 3.0)
    assert [row.name for row, _ in program.operations] == ["square", "add"]
    assert [row.name for row, _ in expanded(program).operations] == ["mul", "add"]
    assert expanded(expanded(program)) == expanded(program) == lowered(trace(lambda x: x**2 + 1)(3.0))


def test_recording_tells_both_zeros_and_leaves_the_collector_on():
    import gc

    program = traced(lambda x: (x + 0.0) * -0.0, 3.0)
    assert [math.copysign(1.0, number) for number in program.constants] == [1.0, -1.0]
    assert gc.isenabled()


# --- Columns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ([[0, 1, 2, 3, 4, 5]], (6,)),
        ([[0, 0, 1, 1, 2, 2]], (3, 2)),
        ([[0, 1, 2, 3, 4, 5], [0, 0, 0, 7, 7, 7]], (2, 3)),
        ([[5, 3, 8, 1, 0, 2]], (6,)),
        ([[0, 1, 9, 10, 100, 101, 109, 110]], (2, 2, 2)),
    ],
)
def test_the_extents_of_a_nest_are_those_in_which_columns_are_affine(columns, found):
    import numpy

    assert extents([numpy.array(column) for column in columns], len(columns[0])) == found


def test_a_column_is_its_strides_or_what_is_left_without_idle_digits():
    import numpy

    assert strides(numpy.array([3, 5, 7, 13, 15, 17]), (2, 3)) == (10, 2)
    assert strides(numpy.array([3, 5, 8, 13, 15, 18]), (2, 3)) is None
    few, found = varying(numpy.array([4, 4, 1, 1, 9, 9]), (3, 2))
    assert (few.tolist(), found) == ([4, 1, 9], (1, 0))


def test_the_members_of_folds_go_through_their_steps_together():
    def products(rows: list[list[Any]], x: list[Any]) -> list[Any]:
        return [sum(map(operator.mul, row, x)) for row in rows]

    (loop,) = rolled(traced(products, [[1.0] * 12] * 20, [2.0] * 12)).loops
    extents_in_order = [(part.extent, part.body[0].extent if isinstance(part.body[0], For) else None)
                        for part in nest(loop) if isinstance(part, For)]  # fmt: skip
    assert extents_in_order == [(20, None), (12, 20), (20, None)]


# --- Kernels ------------------------------------------------------------------------------------------


def test_a_kernel_of_a_long_program_has_its_bits_and_no_more_code_than_of_a_short_one():
    sizes = []
    for size in (200, 400):
        numbers = [0.5 + 0.001 * (place * 37 % 997) for place in range(size)]
        program = traced(value_and_grad(rosenbrock), numbers)
        kernel = compiled(program)
        assert bits(kernel(numbers)) == bits(straight(program, numbers))
        sizes.append(len(kernel.llvm()))
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.parametrize("count", [521, 600])
def test_a_kernel_of_many_equal_sums_has_their_bits(count):
    def products(x: list[Any]) -> list[Any]:
        return [sum(map(operator.mul, x[place:], x[:9])) for place in range(count)]

    numbers = [math.sin(place) for place in range(count + 9)]
    program = traced(products, numbers)
    assert compiled(program)(numbers) == straight(program, numbers)


def test_a_kernel_calls_python_from_within_a_loop():
    numbers = [0.5 + place for place in range(600)]
    program = traced(lambda x: [autograd.math.lgamma(number) for number in x], numbers)
    assert compiled(program)(numbers) == [math.lgamma(number) for number in numbers]
