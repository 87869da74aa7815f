"""The explorer's page in Chromium: it shows Python's numbers, and computes the same when a leaf moves."""

import itertools
import math
import random
import re

import pytest
from playwright.sync_api import sync_playwright

import autograd
import nn
from autograd import Graph, Value, explore, logical_and, primitives, trace, where
from autograd.primitives import table

HOSTILE = "</script><img src=x onerror=alert(1)>"
AGREES = 1e-12  # relative: the functions of JavaScript and of the C library differ by a few ulp


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens HTML as a page; afterwards there must have been no error, dialog or request to elsewhere."""
    contexts, problems, requests = [], [], []

    def open_page(html, **settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
        path = tmp_path / f"{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
    assert all(url.startswith(("blob:", "about:srcdoc", tmp_path.as_uri())) for url in requests), requests


def lecture():
    a, b, c, f = (Value(*leaf) for leaf in ((2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f")))
    d = a * b
    d.label = "d"
    e = d + c
    e.label = "e"
    output = e * f
    output.label = "L"
    return output


def number(text):
    return None if text in ("–", "unknown") else float(text)


def shown(page):
    """Of each box its data and grad, every digit, by the node's number; None for what is not shown."""
    tips = page.eval_on_selector_all(".box > title", "tips => tips.map(tip => tip.textContent)")
    found = {}
    for tip in tips:
        place, data, grad = re.fullmatch(r"%(\d+).*: data (\S+), grad (\S+)", tip).groups()
        found[int(place)] = (number(data), number(grad))
    return dict(sorted(found.items()))


def rule(page):
    return page.locator(".rule > div").all_inner_texts()


def step(page, position):
    page.locator("input.film").fill(str(position))


def field(page, place):
    return page.locator(f'[data-leaf="%{place}"] .field')


def move(page, place, value):
    field(page, place).fill(str(value))
    field(page, place).press("Enter")


def details(page):
    terms, texts = page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts()
    return dict(zip(terms, texts, strict=True))


def scale(page):
    return page.locator(".stage > g").evaluate("scene => scene.getCTM().a")


def playing(page):
    return page.get_by_role("button", name="Play or pause").inner_text() == "❚❚"


def box(page, title):
    return page.locator(".box", has=page.locator(".name", has_text=re.compile(rf"^{re.escape(title)}$")))


def overlap(one, other):
    """Whether two rectangles do, given as left, top, right, bottom."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def agrees(found, expected):
    if found is None or math.isnan(expected):
        return found is not None and math.isnan(found)
    return found == expected or math.isclose(found, expected, rel_tol=AGREES, abs_tol=1e-300)


def compare(page, graph, numbers):
    """The page shows the values and the adjoints that Python computes for other leaves."""
    values = graph.values(*numbers)
    gradient = graph.gradient(graph.nodes).evaluate(*numbers)
    found = shown(page)
    assert len(found) == len(graph)
    for place, (value, adjoint) in enumerate(zip(values, gradient, strict=True)):
        data, grad = found[place]
        assert agrees(data, float(value)), (graph.nodes[place], data, value)
        assert agrees(grad or 0.0, float(adjoint)), (graph.nodes[place], grad, adjoint)


# --- The film ---


def test_the_page_opens_with_python_s_numbers_to_the_last_bit(opened):
    output = lecture()
    output.backward()
    assert shown(opened(explore(output).html)) == {
        place: (node.data, node.grad) for place, node in enumerate(Graph(output))
    }


def test_each_pass_counts_its_own_steps(opened):
    page = opened(explore(lecture()).html)
    counts = []
    for position in range(8):
        step(page, position)
        counts.append(page.locator(".counter").inner_text())
    forward = [f"forward {place}/3" for place in (1, 2, 3)]
    assert counts == ["leaves", *forward, *(f"backward {place}/4" for place in (1, 2, 3, 4))]


def test_the_forward_pass_computes_one_node_at_a_step(opened):
    page = opened(explore(lecture()).html)
    step(page, 0)
    known = [data for data, _ in shown(page).values()]
    assert known == [2.0, -3.0, None, 10.0, None, -2.0, None]
    lines = []
    for position in (1, 2, 3):
        step(page, position)
        lines += rule(page)
    assert lines == [
        "d = a * b = 2 * (-3) = -6",
        "e = d + c = (-6) + 10 = 4",
        "L = e * f = 4 * (-2) = -8",
    ]
    assert {grad for _, grad in shown(page).values()} == {None}


def test_the_backward_pass_writes_the_rule_and_reads_as_python_s_sums(opened):
    page = opened(explore(lecture()).html)
    step(page, 4)
    assert rule(page) == ["dL/dL = 1"]
    step(page, 5)
    assert rule(page) == ["dL/de += ∂L/∂e · dL/dL = -2 · 1 = -2", "dL/df += ∂L/∂f · dL/dL = 4 · 1 = 4"]
    step(page, 6)
    assert rule(page) == ["dL/dd += ∂e/∂d · dL/de = 1 · (-2) = -2", "dL/dc += ∂e/∂c · dL/de = 1 · (-2) = -2"]
    assert [grad for _, grad in shown(page).values()] == [None, None, -2.0, -2.0, -2.0, 4.0, 1.0]
    step(page, 7)
    assert rule(page) == ["dL/da += ∂d/∂a · dL/dd = -3 · (-2) = 6", "dL/db += ∂d/∂b · dL/dd = 2 · (-2) = -4"]
    assert [grad for _, grad in shown(page).values()] == [6.0, -4.0, -2.0, -2.0, -2.0, 4.0, 1.0]


def test_a_node_used_twice_adds_up_before_the_reader_s_eyes(opened):
    x = Value(3.0, "x")
    page = opened(explore(x * x + x).html)
    step(page, 4)
    assert shown(page)[0] == (3.0, 1.0)
    step(page, 5)
    assert shown(page)[0] == (3.0, 7.0)
    assert rule(page) == ["dL/dx += ∂%1/∂x · dL/d%1 = 3 · 1 = 3"] * 2


def test_every_box_shows_the_name_by_which_rules_speak_of_it(opened):
    x = Value(2.0, "x")
    page = opened(explore((x * 3 + Value(1.0)) * 2).html)
    assert page.locator(".box .id").all_text_contents() == ["", "%2", "%1", "%3", "L"]  # inputs first
    assert rule(page) == ["dL/dx += ∂%1/∂x · dL/d%1 = 3 · 2 = 6"]


def namesakes():
    """Two leaves called w in different scopes, two called v in one scope, and one called x."""
    x = Value(2.0, "x")
    total = x * 0
    for name in ("a", "b"):
        with autograd.scope(name):
            total = total + x * Value(3.0, "w")
    with autograd.scope("c"):
        return total + Value(5.0, "v") * Value(7.0, "v")


def test_a_name_that_several_nodes_bear_is_told_with_its_scopes(opened):
    page = opened(explore(namesakes()).html)
    page.get_by_role("button", name="Open every scope").click()
    names = page.locator(".link").all_inner_texts()
    assert [name.partition("%")[0] for name in names] == ["x", "a/w", "b/w", "c/v", "c/v"]
    tips = page.locator(".box > title").all_text_contents()
    assert [tip.partition(":")[0].split()[-1] for tip in tips if "w" in tip] == ["a/w", "b/w"]
    page.locator(".link", has_text="b/w").click()
    assert details(page)["name"].endswith(" b/w")
    page.keyboard.press("ArrowRight")
    assert details(page)["∂/∂b/w"] == "2"
    lines = []
    for position in range(25):
        step(page, position)
        lines += rule(page)
    assert [line for line in lines if "w" in line and "dL" in line] == [
        "dL/d(b/w) += ∂%6/∂(b/w) · dL/d%6 = 2 · 1 = 2",
        "dL/d(a/w) += ∂%3/∂(a/w) · dL/d%3 = 2 · 1 = 2",
    ]
    assert "%10 = v%8 * v%9 = 5 * 7 = 35" in lines


def test_an_argument_that_was_not_selected_gets_nothing_and_the_rule_says_so(opened):
    graph = trace(lambda x, y: where(x > 0, x, y))(1.0, 2.0)
    page = opened(explore(graph).html)
    assert rule(page)[-1] == "dL/dy += ∂L/∂y · dL/dL = 0 · 1: nothing, not selected"


def test_play_goes_through_all_steps_and_stops(opened):
    page = opened(explore(Value(2.0, "x") * 3).html)
    play = page.get_by_role("button", name="Play or pause")
    play.click()
    page.wait_for_function(
        "document.querySelector('div').shadowRoot.querySelector('.counter').textContent === 'backward 2/2'"
    )
    page.wait_for_function(
        "document.querySelector('div').shadowRoot.querySelector('.controls').innerText.includes('▶')"
    )


# --- The leaves ---


def test_a_moved_slider_recomputes_values_and_gradients(opened):
    graph = trace(lambda x, y: (x * y).tanh() + autograd.exp(x) / y)(0.5, 2.0)
    page = opened(explore(graph).html)
    page.locator('[data-leaf="%0"] input[type=range]').fill("0.75")
    compare(page, graph, (0.75, 2.0))
    page.locator('[data-leaf="%1"] input[type=range]').fill("-1.25")
    compare(page, graph, (0.75, -1.25))


def test_a_typed_number_may_be_any_double_and_reset_brings_the_recorded_bits_back(opened):
    graph = Graph(lecture())
    page = opened(explore(graph).html)
    before = shown(page)
    for value in ("1e300", "inf", "nan", "-0.0", "0.1"):
        move(page, 0, value)
        compare(page, graph, (float(value), -3.0, 10.0, -2.0))
    page.get_by_role("button", name="Back to the recorded numbers").click()
    assert shown(page) == before


def test_a_slider_widens_for_a_number_beyond_it_and_reset_narrows_it_again(opened):
    page = opened(explore(lecture()).html)
    slider = page.locator('[data-leaf="%0"] input[type=range]')
    ends = "slider => [Number(slider.min), Number(slider.max)]"
    assert slider.evaluate(ends) == [-2, 6]
    move(page, 0, 1000)
    assert slider.evaluate(ends) == [-2, 1000]
    page.get_by_role("button", name="Back to the recorded numbers").click()
    assert slider.evaluate(ends) == [-2, 6]
    assert slider.input_value() == "2"


@pytest.mark.parametrize(("text", "thumb"), [("inf", "6"), ("-inf", "-2"), ("nan", "2")])
def test_a_number_without_a_place_on_its_slider_fades_it_and_a_drag_brings_it_back(opened, text, thumb):
    page = opened(explore(lecture()).html)
    slider = page.locator('[data-leaf="%0"] input[type=range]')
    move(page, 0, text)
    assert slider.input_value() == thumb
    assert slider.get_attribute("aria-valuetext") == text
    assert float(slider.evaluate("slider => getComputedStyle(slider).opacity")) < 0.5
    slider.fill("3")
    assert slider.evaluate("slider => getComputedStyle(slider).opacity") == "1"
    assert shown(page)[0][0] == 3.0


TYPED = {
    "1/3": 1 / 3,
    "-2 / 3": -2 / 3,
    "pi": math.pi,
    "-PI": -math.pi,
    "pi/4": math.pi / 4,
    "3*pi/4": 3 * math.pi / 4,
    " +1e-3 ": 1e-3,
    ".5": 0.5,
    "1/0": math.inf,
    "-Infinity": -math.inf,
}
REFUSED = ("two", "2,5", "", "1/", "--1", "1//2", "constructor", "e5", "1 2", "-")


def test_fractions_and_pi_are_numbers_too(opened):
    page = opened(explore(Value(2.0, "x")).html)
    for text, value in TYPED.items():
        move(page, 0, text)
        assert shown(page)[0][0] == number(field(page, 0).input_value()) == value, text


def test_what_is_no_number_is_refused_with_a_word_and_changes_nothing(opened):
    page = opened(explore(lecture()).html)
    before = shown(page)
    refusal = page.locator("[data-leaf='%0'] [role=alert]")
    for text in REFUSED:
        move(page, 0, text)
        assert field(page, 0).get_attribute("aria-invalid") == "true"
        given = f"“{text}”" if text else "Nothing"
        assert refusal.inner_text().startswith(f"{given} is no number; a stays 2. Type one such as 2.5, ")
        assert shown(page) == before
    field(page, 1).focus()
    assert field(page, 0).input_value() == "2"
    assert field(page, 0).get_attribute("aria-invalid") == "false"
    move(page, 1, 4)
    assert refusal.is_hidden()


def test_a_number_that_is_being_typed_is_left_alone_while_the_passes_play(opened):
    page = opened(explore(lecture()).html)
    field(page, 0).fill("0.5")
    page.get_by_role("button", name="Before the forward pass").evaluate("button => button.click()")
    assert shown(page)[6] == (None, None)
    field(page, 0).press("End")
    field(page, 0).press_sequentially("7")
    field(page, 0).press("Enter")
    assert shown(page)[0][0] == 0.57


def _rows():
    """Every row of the package, with two points inside its domain."""
    for name in primitives.__all__:
        row = table.get(name)
        if row is None or row.comparison or row.variadic:
            continue
        points = []
        for fraction in (0.3, 0.7):
            point = []
            for bounds in row.domain:
                lower, upper = (bounds[0], bounds[-1]) if isinstance(bounds, range) else bounds
                lower, upper = max(lower, -3.0), min(upper, 3.0)
                number = lower + (upper - lower) * fraction
                point.append(float(round(number)) if isinstance(bounds, range) else number)
            points.append(point)
        yield row, points


def test_every_row_with_a_counterpart_computes_in_the_page_as_in_python(opened):
    total, numbers = Value(0.0), [0.0]
    for row, (first, second) in _rows():
        leaves = [Value(number) for number in first]
        value = row(*leaves)
        if "null" in explore(value).html.partition("const rules")[2].partition("};")[0]:
            continue
        total = total + value
        numbers += second
    graph = Graph(total)
    assert len({node.primitive for node in graph}) > 60
    page = opened(explore(graph).html)
    page.eval_on_selector_all(
        ".field",
        """(fields, numbers) => fields.forEach((field, place) => {
            field.value = numbers[place];
            field.dispatchEvent(new Event("change"));
        })""",
        numbers,
    )
    compare(page, graph, numbers)


NUMBERS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    3.7,
    20.0,
    -750.0,
    1e-8,
    -1e-300,
    1e300,
    5e-324,
    math.inf,
    -math.inf,
    math.nan,
)
CONDITIONS = (0.0, -0.0, 1.0, math.nan)


def test_every_rule_agrees_at_zeros_infinities_and_at_the_ends_of_the_range(opened):
    choices = {primitives.where: (CONDITIONS, NUMBERS, NUMBERS)}
    total = Value(0.0)
    cases = []
    for row, (first, _) in _rows():
        total = total + row(*map(Value, first))
        points = itertools.product(*choices.get(row, (NUMBERS,) * row.arity))
        cases.append((row, [list(point) for point in points][: 4 * len(NUMBERS) ** 2]))
    script = explore(total).module.replace("export default", "const widget =")
    computed = opened("<!doctype html>").evaluate(
        f"""(cases) => {{
            {script}
            const texts = (name, point) => rules[name]?.(...point).map((number) => String(Number(number)));
            return cases.map(([name, points]) => points.map((point) => texts(name, point)));
        }}""",
        [[row.name, points] for row, points in cases],
    )
    for (row, points), results in zip(cases, computed, strict=True):
        for point, result in zip(points, results, strict=True):
            if result is None:
                continue
            value = row.value(*point)
            expected = (float(value), *row.local_derivatives(point, value))
            found = [float(text.replace("Infinity", "inf")) for text in result]
            assert all(map(agrees, found, expected)), (row, point, found, expected)


def test_a_row_without_a_counterpart_is_named_and_the_recorded_numbers_stay(opened):
    x = Value(0.5, "x")
    output = autograd.gamma(x) * 2
    output.backward()
    page = opened(explore(output).html)
    assert "cannot recompute: gamma has no counterpart" in page.locator(".alarm").inner_text()
    assert field(page, 0).is_disabled()
    assert shown(page)[0] == (0.5, x.grad)


def test_a_condition_inside_where_is_decided_anew(opened):
    graph = trace(lambda x: where(x > 0, x * x, -3 * x))(2.0)
    page = opened(explore(graph).html)
    move(page, 0, -2.0)
    compare(page, graph, (-2.0,))
    assert page.locator(".alarm").is_hidden()


def test_a_nan_counts_as_true_as_in_python(opened):
    graph = trace(lambda x, y: where(logical_and(x, y), 2 * y, 3 * y))(2.0, 5.0)
    page = opened(explore(graph).html)
    move(page, 0, math.nan)
    compare(page, graph, (math.nan, 5.0))
    assert page.locator(".alarm").is_hidden()


def test_a_slider_that_crosses_a_branch_stops_the_values_and_says_which(opened):
    graph = trace(lambda x, y: x * y if x > 0 else x - y)(2.0, 5.0)
    page = opened(explore(graph).html)
    move(page, 0, -1.0)
    assert "Stopped at a branch: x > 0 (%3) was True when" in page.locator(".alarm").inner_text()
    assert shown(page)[2] == (None, None)
    move(page, 0, 1.5)
    assert page.locator(".alarm").is_hidden()
    assert shown(page)[2] == (7.5, 1.0)


def test_another_output_can_be_chosen(opened):
    x = Value(3.0, "x")
    square, double = x * x, 2 * x
    square.label, double.label = "square", "double"
    page = opened(explore(Graph(square, double)).html)
    assert shown(page)[0] == (3.0, 2.0)
    page.locator("select").select_option(label="square")
    assert shown(page)[0] == (3.0, 6.0)
    assert rule(page)[0] == "dsquare/dx += ∂square/∂x · dsquare/dsquare = 3 · 1 = 3"


# --- The picture ---


def test_a_click_shows_ancestors_and_descendants(opened):
    page = opened(explore(lecture()).html)
    box(page, "+ e").click()
    assert (details(page)["ancestors"], details(page)["descendants"]) == ("4", "1")
    assert details(page)["rule"] == "e = d + c = (-6) + 10 = 4"
    assert page.locator(".box.ancestor .name").all_text_contents() == ["a", "b", "c", "* d"]
    assert page.locator(".box.descendant .name").all_text_contents() == ["* L"]
    assert page.locator(".box.dim .name").all_text_contents() == ["f"]
    box(page, "+ e").click()
    assert page.locator(".box.dim").count() == 0


def test_scopes_open_and_close_and_closed_ones_bundle_their_edges(opened):
    x, w = Value(2.0, "x"), Value(3.0, "w")
    with autograd.scope("layer"):
        products = [x * w, x + w]
        with autograd.scope("inner"):
            inner = products[0] * products[1]
    page = opened(explore(inner + 1).html)
    assert page.locator(".box").count() == 6
    page.get_by_role("button", name="layer", exact=True).click()
    assert page.locator(".box").count() == 4
    assert page.locator(".box.closed .tag").all_text_contents() == ["3 nodes"]
    assert sorted(page.locator(".partial").all_text_contents()) == ["", "×2", "×2"]
    closed = page.get_by_role("button", name="layer", exact=True)
    closed.focus()
    closed.press("Enter")
    assert page.locator(".box").count() == 6
    page.get_by_role("button", name="Close every scope").click()
    assert page.locator(".box").count() == 4
    page.get_by_role("button", name="Open every scope").click()
    assert page.locator(".frame").count() == 2


def test_labels_of_edges_into_a_closed_scope_stand_apart_and_keep_their_colour(opened):
    network = nn.MLP(3, [4, 1])
    page = opened(explore(network([Value(float(place), f"x{place}") for place in range(3)])).html)
    page.get_by_role("button", name="Close every scope").click()
    labels = page.locator(".partial", has_text="×")
    assert labels.all_text_contents() == ["×4"] * 4
    places = labels.evaluate_all(
        "all => all.map(one => one.getBBox()).map(r => [r.x, r.y, r.x + r.width, r.y + r.height])"
    )
    assert not any(overlap(*pair) for pair in itertools.combinations(places, 2))
    for position in range(4):
        step(page, position)
        assert page.locator(".partial.broken").count() == 0


def test_a_search_finds_names_operations_and_scopes_and_opens_what_is_closed(opened):
    x = Value(2.0, "x")
    with autograd.scope("deep"):
        hidden = (x * 3).tanh()
    page = opened(explore(hidden).html)
    page.get_by_role("button", name="Close every scope").click()
    page.locator(".stage").press("/")
    search = page.get_by_role("searchbox")
    assert search.evaluate("element => element === element.getRootNode().activeElement")
    search.fill("TANH")
    assert page.get_by_text("1 found").is_visible()
    search.press("Enter")
    assert details(page)["name"] == "%2 L"
    search.fill("deep")
    assert page.get_by_text("2 found").is_visible()


def test_the_keyboard_walks_zooms_and_plays(opened):
    page = opened(explore(lecture()).html)
    stage = page.locator(".stage")
    stage.focus()
    names = []
    for key in ("ArrowRight", "ArrowLeft", "ArrowDown"):
        stage.press(key)
        names.append(details(page)["name"])
    assert names == ["%6 L", "%4 e", "%5 f"]
    stage.press("Escape")
    assert page.locator(".box.selected").count() == 0
    before = scale(page)
    stage.press("+")
    assert scale(page) == pytest.approx(before * 1.3)
    stage.press("0")
    assert scale(page) == pytest.approx(before)
    film = page.locator("input.film")
    film.focus()
    film.press("Home")
    film.press("ArrowRight")
    assert rule(page) == ["d = a * b = 2 * (-3) = -6"]


def test_a_page_hears_its_keys_from_the_start(opened):
    page = opened(explore(lecture()).html)
    page.keyboard.press("ArrowRight")
    assert details(page)["name"] == "%6 L"
    page.reload()
    page.keyboard.press("Space")
    assert playing(page)
    page.keyboard.press("Space")
    assert not playing(page)
    page.keyboard.press("/")
    page.keyboard.type("/ e")
    assert page.get_by_role("searchbox").input_value() == "/ e"
    assert not playing(page)


def test_enter_opens_the_chosen_scope_and_closes_the_one_around_the_chosen_node(opened):
    x, w = Value(2.0, "x"), Value(3.0, "w")
    with autograd.scope("layer"):
        product = x * w
        total = product + x
    page = opened(explore(total).html)
    page.get_by_role("button", name="Close every scope").click()
    page.locator(".stage").focus()
    names = []
    for key in ("ArrowRight", "Enter", "ArrowRight", "Enter", "Enter", "ArrowLeft"):
        page.keyboard.press(key)
        names.append(details(page).get("name") or details(page)["scope"])
    assert names == ["layer", "%2", "%3 L", "layer", "%2", "%0 x"]


def test_arrows_walk_on_after_a_scope_was_opened_by_its_title(opened):
    x = Value(2.0, "x")
    with autograd.scope("layer"):
        output = x * 3 + 1
    page = opened(explore(output).html)
    title = page.get_by_role("button", name="layer", exact=True)
    for _ in range(2):
        title.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert details(page)["name"] == "%1"
    title.press("Enter")
    assert page.locator(".box.selected .scope").count() == 1


def test_keys_pass_by_what_needs_them_itself(opened):
    page = opened(explore(lecture()).html)
    slider = page.locator('[data-leaf="%0"] input[type=range]')
    slider.focus()
    slider.press("ArrowRight")
    assert float(slider.input_value()) > 2
    assert page.locator(".box.selected").count() == 0
    slider.press("Space")
    assert playing(page)
    slider.press("Space")
    field(page, 0).fill("")
    field(page, 0).press_sequentially("1/4 ")
    assert field(page, 0).input_value() == "1/4 "
    page.get_by_role("button", name="Before the forward pass").press("Space")
    assert not playing(page)
    slider.press("/")
    assert page.get_by_role("searchbox").evaluate("one => one === one.getRootNode().activeElement")


def test_the_wheel_zooms_at_the_pointer_and_a_drag_pans_without_choosing(opened):
    page = opened(explore(lecture()).html)
    middle = page.eval_on_selector(
        ".box", "box => { const r = box.getBoundingClientRect(); return [r.x, r.y]; }"
    )
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(100)
    after = page.eval_on_selector(
        ".box", "box => { const r = box.getBoundingClientRect(); return [r.x, r.y, r.width]; }"
    )
    assert after[:2] == pytest.approx(middle, abs=4)
    page.mouse.move(after[0] + 20, after[1] + 20)
    page.mouse.down()
    page.mouse.move(after[0] + 70, after[1] + 60, steps=5)
    page.mouse.up()
    moved = page.eval_on_selector(
        ".box", "box => { const r = box.getBoundingClientRect(); return [r.x, r.y]; }"
    )
    assert moved == pytest.approx([after[0] + 50, after[1] + 40], abs=1)
    assert page.locator(".box.selected").count() == 0


def test_another_size_of_the_window_fits_the_picture_until_the_reader_has_moved_it(opened):
    page = opened(explore(lecture()).html)

    def camera(width):
        """Where the picture is after the window got that wide, and the page has seen it."""
        page.set_viewport_size({"width": width, "height": 700})
        page.evaluate("new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))")
        return page.locator(".stage > g").get_attribute("transform")

    narrow, wide = camera(900), camera(1100)
    assert narrow != wide
    page.locator(".stage").press("+")
    zoomed = camera(1100)
    assert zoomed != wide
    assert camera(900) == zoomed
    page.locator(".stage").press("0")
    assert camera(900) == narrow
    assert camera(1100) == wide


def test_boxes_never_overlap(opened):
    network = nn.MLP(2, [4, 4, 1])
    page = opened(explore(network([Value(1.0, "x0"), Value(-2.0, "x1")])).html)
    page.get_by_role("button", name="Open every scope").click()
    boxes = page.eval_on_selector_all(
        ".box > rect:first-child",
        "all => all.map(one => one.getBoundingClientRect()).map(r => [r.x, r.y, r.right, r.bottom])",
    )
    assert len(boxes) > 80
    assert not any(overlap(*pair) for pair in itertools.combinations(boxes, 2))


# --- What could go wrong ---


def test_two_explorers_on_one_page_do_not_touch_each_other(opened):
    x = Value(2.0, "x")
    first, second = Graph(x * x), Graph(x * 5)
    page = opened(
        f"<!doctype html><meta charset=utf-8>{explore(first).fragment}<hr>{explore(second).fragment}"
    )
    one, other = page.locator("body > div").nth(0), page.locator("body > div").nth(1)
    other.locator(".field").fill("3")
    other.locator(".field").press("Enter")
    assert one.locator(".box > title").all_text_contents() == [
        "%0 x: data 2, grad 4",
        "%1 L: data 4, grad 1",
    ]
    assert other.locator(".box > title").all_text_contents() == [
        "%0 x: data 3, grad 5",
        "%1 L: data 15, grad 1",
    ]
    one.locator(".box").first.click()
    assert one.locator(".box.selected").count() == 1
    assert other.locator(".box.selected").count() == 0


def test_of_two_explorers_on_one_page_the_one_last_touched_hears_the_keys(opened):
    fragment = explore(lecture()).fragment
    page = opened(f"<!doctype html><meta charset=utf-8><p>Text</p>{fragment}<hr>{fragment}")
    both = [page.locator("body > div").nth(place) for place in (0, 1)]
    page.keyboard.press("Space")
    assert [playing(one) for one in both] == [False, False]
    for place in (0, 1):
        both[place].locator(".details").click()
        page.keyboard.press("Space")
        assert [playing(one) for one in both] == [place == 0, place == 1]
        page.keyboard.press("Space")
        assert [playing(one) for one in both] == [False, False]
    page.get_by_text("Text").click()
    page.keyboard.press("Space")
    assert [playing(one) for one in both] == [False, False]


@pytest.mark.parametrize("label", [HOSTILE, "<b>hi</b>", "p(y|x) & {x<y}", "日本語", "%s \\ \"'`${1}"])
def test_a_hostile_label_shows_as_typed_and_runs_nothing(opened, label):
    x = Value(1.0, label)
    with autograd.scope(label):
        y = x * x
        y.label = label
    page = opened(explore(y).html)
    page.get_by_role("button", name=label, exact=False).last.click()
    assert details(page)["name"] == f"%0 {label}"
    assert page.locator("img, b").count() == 0


def test_a_label_of_ten_thousand_characters_is_clipped_in_its_box(opened):
    page = opened(explore(Value(1.0, "x" * 10_000) * 2).html)
    assert page.locator(".box").first.bounding_box()["width"] < 400
    page.locator(".box").first.click()
    assert details(page)["name"] == "%0 " + "x" * 10_000


def test_numbers_that_are_not_finite_are_loud(opened):
    x = Value(0.0, "x")
    page = opened(explore(autograd.log(x) * math.inf).html)
    assert page.locator(".number.broken").all_text_contents() == ["inf", "-inf", "inf", "-inf"]


@pytest.mark.parametrize("graph", [Graph(3.0), Graph(Value(2.0, "x")), Graph(2.0, Value(1.0, "y") * 1)])
def test_the_smallest_graphs_have_a_picture(opened, graph):
    page = opened(explore(graph).html)
    assert page.locator(".box").count() == max(
        1, len(graph) + sum(isinstance(o, float) for o in graph.outputs)
    )
    step(page, 0)
    step(page, 1)
    assert rule(page)


def test_a_frame_in_a_notebook_holds_the_page(opened):
    page = opened(f"<!doctype html>{explore(lecture())._repr_mimebundle_()['text/html']}")
    assert page.frame_locator("iframe").locator(".box").count() == 7


def test_the_widget_s_module_follows_python_and_tells_it_what_was_moved(opened):
    page = opened("<!doctype html><meta charset=utf-8><title>notebook</title>")
    page.evaluate(
        """async (source) => {
            const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
            const widget = (await import(address)).default;
            const model = { leaves: ["2.0"], sent: [], get: () => model.leaves, save_changes: () => {},
                set: (name, numbers) => { model.sent.push(numbers); model.leaves = numbers; },
                on: (event, action) => { model.action = action; }, off: () => { model.action = null; } };
            window.model = model;
            window.close_it = widget.render({ model, el: document.body });
        }""",
        explore(Value(2.0, "x") * 3).module,
    )
    page.evaluate("model.leaves = ['-inf']; model.action();")
    assert shown(page)[1] == (-math.inf, 1.0)
    assert page.evaluate("model.sent") == []
    move(page, 0, 0.25)
    assert page.evaluate("model.sent") == [["0.25"]]
    page.evaluate("close_it()")
    assert page.evaluate("model.action") is None


def luminance(colour):
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """As the guidelines for accessible web content (WCAG 2) define it."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_reader_s_scheme_and_all_text_is_legible(opened, scheme):
    page = opened(explore(lecture()).html, color_scheme=scheme)
    colour = {
        name: page.eval_on_selector(
            ".explorer", "(page, name) => getComputedStyle(page).getPropertyValue(`--${name}`)", name
        ).strip()
        for name in ("ground", "panel", "box", "leaf", "ink", "quiet", "alarm", "plus", "minus", "line")
    }
    assert (luminance(colour["ground"]) > 0.5) == (scheme == "light")
    for ground in ("ground", "panel", "box", "leaf"):
        for text in ("ink", "quiet", "alarm"):
            assert contrast(colour[text], colour[ground]) >= 4.5, (text, ground)
    for mark in ("plus", "minus", "line"):
        assert contrast(colour[mark], colour["ground"]) >= 3, mark


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800), (3840, 2160)])
def test_a_network_opens_only_so_far_that_it_can_be_read(opened, width, height):
    network = nn.MLP(2, [4, 4, 1])([Value(1.0, "x0"), Value(-2.0, "x1")])
    page = opened(explore(network).html, viewport={"width": width, "height": height})
    assert scale(page) >= 0.6
    assert page.locator(".box.closed").count() == {390: 3, 1280: 9, 3840: 0}[width]


def test_what_is_shown_only_later_opens_by_the_size_it_then_has(opened):
    fragment = explore(nn.MLP(2, [4, 4, 1])([Value(1.0), Value(-2.0)])).fragment
    page = opened(f"<!doctype html><meta charset=utf-8><main hidden>{fragment}</main>")
    assert page.locator(".box.closed").count() == 0
    page.evaluate("document.querySelector('main').hidden = false")
    page.locator(".box.closed").first.wait_for()
    assert scale(page) >= 0.6


def test_on_a_phone_everything_is_within_the_width(opened):
    page = opened(
        explore(lecture()).html, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".stage").bounding_box()["height"] > 300
    page.locator(".leafrow").last.scroll_into_view_if_needed()
    assert page.locator(".leafrow").last.is_visible()


@pytest.mark.parametrize("number", [1e308, -1e308, 1.7e308])
def test_the_slider_of_a_huge_leaf_shows_it(opened, number):
    page = opened(explore(Value(number, "x") * 0.5).html)
    slider = page.locator('[data-leaf="%0"] input[type=range]')
    assert float(slider.input_value()) == pytest.approx(number, rel=1e-9)


def test_remainders_beside_a_tie_are_exact(opened):
    generator = random.Random(3)
    pairs = []
    for _ in range(2000):
        y = generator.uniform(0.5, 2.0)
        x = (generator.randrange(9) + 0.5) * y
        pairs += [(near, y) for near in (x, math.nextafter(x, 0), math.nextafter(x, 99))]
    script = explore(autograd.remainder(Value(1.0), Value(2.0))).module.replace(
        "export default", "const widget ="
    )
    page = opened("<!doctype html>")
    found = page.evaluate(f"(pairs) => {{ {script}\nreturn pairs.map(([x, y]) => remainder(x, y)); }}", pairs)
    assert found == [math.remainder(x, y) for x, y in pairs]
