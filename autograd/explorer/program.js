// The graph as a program: values, one reverse sweep, and both written out step by step.
//
// Until a leaf is moved, the values and the partials are those that Python recorded; afterwards they come
// from `rules`, which are the table's rows as JavaScript: arguments to [value, partial, partial, ...].

// Positions 0, 1, ... that `ends` depend on, each after what it depends on: first argument first, as in Python.
function topologicalOrder(ends, argumentsOf, without = []) {
  const state = new Map(without.map((position) => [position, "closed"]));
  const order = [];
  const stack = [...ends].reverse();
  while (stack.length) {
    const position = stack.pop();
    if (state.get(position) === "opened") {
      state.set(position, "closed");
      order.push(position);
    } else if (!state.has(position)) {
      state.set(position, "opened");
      stack.push(position, ...[...argumentsOf(position)].reverse());
    }
  }
  return order;
}

// What nodes are called: `path`, the scopes; `own`, the label, or the number where there is none, both for two
// of one label in one scope; `unique`, with the path where others are called the same.  `name` begins as that.
function giveNames(nodes, scopes) {
  const paths = [];
  for (const [parent, name] of scopes) paths.push(`${parent === null ? "" : paths[parent]}${name}/`);
  for (const node of nodes) {
    node.path = node.scope === null ? "" : paths[node.scope];
    node.own = node.label || node.id;
  }
  const alike = tally(nodes.map(({ path, own }) => path + own));
  for (const node of nodes) if (alike.get(node.path + node.own) > 1) node.own = node.label + node.id;
  const namesakes = tally(nodes.map(({ own }) => own));
  for (const node of nodes) {
    node.unique = namesakes.get(node.own) > 1 ? node.path + node.own : node.own;
    node.name = node.unique;
  }
}

function tally(texts) {
  const counts = new Map();
  for (const text of texts) counts.set(text, 1 + (counts.get(text) ?? 0));
  return counts;
}

class Program {
  constructor(graph, rules) {
    this.rows = graph.rows.map(([name, infix, symbol, selects, comparison, blocked]) => ({
      name,
      infix,
      symbol,
      selects,
      comparison,
      blocked,
      rule: rules[name],
    }));
    this.nodes = graph.nodes.map(([label, number, row, operands, scope, data, partials], position) => ({
      position,
      label,
      scope,
      data,
      partials,
      operands,
      row: row === null ? null : this.rows[row],
      id: `%${number}`,
      arguments: operands.filter((operand) => !Array.isArray(operand)),
      users: [],
    }));
    giveNames(this.nodes, graph.scopes);
    for (const node of this.nodes) {
      for (const argument of new Set(node.arguments)) this.nodes[argument].users.push(node.position);
    }
    this.branches = new Map(graph.branches);
    this.outputs = graph.outputs;
    this.leaves = graph.leaves.map((position) => this.nodes[position]);
    this.recorded = this.leaves.map((leaf) => leaf.data);
    this.missing = [...new Set(this.rows.filter((row) => !row.rule).map((row) => row.name))];
    this.choose(this.outputs.length - 1);
    this.set(this.recorded);
  }

  // Which output is differentiated.
  choose(place) {
    if (this.output) this.output.name = this.output.unique;
    this.output = this.nodes[this.outputs[place]];
    const taken = this.nodes.some((node) => node.label === "L");
    if (!this.output.label && this.output.row && !taken) this.output.name = "L";
    const conditions = this.nodes.filter((node) => node.row?.comparison).map((node) => node.position);
    const order = topologicalOrder([this.output.position], (at) => this.nodes[at].arguments, conditions);
    this.sweep = order.reverse().filter((position) => this.nodes[position].row);
    this.forward = this.nodes.filter((node) => node.row).map((node) => node.position);
    this.last = this.forward.length + 1 + this.sweep.length;
  }

  // Computes everything for one number per leaf.
  set(numbers) {
    this.numbers = [...numbers];
    this.crossed = null;
    const asRecorded = numbers.every((number, place) => Object.is(number, this.recorded[place]));
    this.values = this.nodes.map((node) => (asRecorded || !node.row ? node.data : undefined));
    this.partials = this.nodes.map((node) => (asRecorded ? node.partials : undefined));
    if (asRecorded) return;
    this.leaves.forEach((leaf, place) => {
      this.values[leaf.position] = numbers[place];
    });
    for (const { position, row, operands } of this.nodes) {
      if (row) {
        const inputs = operands.map((operand) =>
          Array.isArray(operand) ? operand[0] : this.values[operand],
        );
        const [value, ...partials] = row.rule(...inputs);
        this.values[position] = Number(row.comparison ? Boolean(value) : value);
        this.partials[position] = partials;
      }
      if (this.branches.has(position) && Boolean(this.values[position]) !== this.branches.get(position)) {
        this.crossed = this.nodes[position];
        this.nodes.forEach((node) => {
          if (node.row && node !== this.crossed) this.values[node.position] = undefined;
        });
        return;
      }
    }
  }

  // What a node hands on to its arguments: the strong zero leaves out what was not selected.
  contributions(node, adjoint) {
    const found = [];
    node.operands.forEach((operand, place) => {
      if (Array.isArray(operand) || node.row.blocked[place]) return;
      const partial = this.partials[node.position][place];
      const { selects } = node.row;
      const skipped = adjoint === 0 || (partial === 0 && (selects === true || selects.includes?.(place)));
      const part = skipped ? 0 : adjoint * partial;
      found.push({ argument: this.nodes[operand], partial, adjoint, skipped, part });
    });
    return found;
  }

  // The film at a step: 0 knows the leaves only, the last one every adjoint.
  // `known` are the nodes with values, `adjoints` the sums so far, `node` is what the step is about; it is
  // number `turn` of the `turns` of its pass.
  at(step) {
    const leaves = this.nodes.filter((node) => !node.row).map((node) => node.position);
    const known = new Set([...leaves, ...this.forward.slice(0, step)]);
    const film = { known, adjoints: new Map(), node: null };
    if (step === 0) {
      return { ...film, kind: "leaves", lines: ["The leaves have their numbers. Next: the forward pass."] };
    }
    if (step <= this.forward.length) {
      film.node = this.nodes[this.forward[step - 1]];
      const turns = this.forward.length;
      return { ...film, kind: "forward", turn: step, turns, lines: [this.formula(film.node)] };
    }
    if (this.crossed) {
      return { ...film, kind: "stopped", lines: ["No backward pass: the values are not known."] };
    }
    const swept = this.sweep.slice(0, step - this.forward.length - 1);
    const { adjoints } = film;
    adjoints.set(this.output.position, 1);
    film.node = this.output;
    let handed = null;
    for (const position of swept) {
      film.node = this.nodes[position];
      handed = this.contributions(film.node, adjoints.get(position) ?? 0);
      for (const { argument, part } of handed) {
        adjoints.set(argument.position, (adjoints.get(argument.position) ?? 0) + part);
      }
    }
    const L = spoken(this.output);
    const lines = handed?.map((contribution) => this.rule(film.node, contribution)) ?? [`d${L}/d${L} = 1`];
    return {
      ...film,
      kind: "backward",
      turn: swept.length + 1,
      turns: this.sweep.length + 1,
      lines: lines.length ? lines : [`${film.node.name} hands nothing on.`],
    };
  }

  // The chain rule for one argument, in names and in numbers: ∂ marks the local derivative, d the whole one.
  rule(node, { argument, partial, adjoint, skipped, part }) {
    const [L, n, x] = [this.output, node, argument].map(spoken);
    const words = `d${L}/d${x} += ∂${n}/∂${x} · d${L}/d${n}`;
    const numbers = `${brief(partial)} · ${bracketed(brief(adjoint))}`;
    if (!skipped) return `${words} = ${numbers} = ${brief(part)}`;
    return `${words} = ${numbers}: nothing, ${adjoint === 0 ? "an adjoint of 0 adds 0" : "not selected"}`;
  }

  // A node as an equation: in names, in numbers, and its value.
  formula(node) {
    if (!node.row) return `${node.name} = ${brief(this.values[node.position])}`;
    const numbers = node.operands.map((operand) =>
      brief(Array.isArray(operand) ? operand[0] : this.values[operand]),
    );
    const names = node.operands.map((operand, place) =>
      Array.isArray(operand) ? numbers[place] : this.nodes[operand].name,
    );
    const value = brief(this.values[node.position]);
    return `${node.name} = ${applied(node.row, names)} = ${applied(node.row, numbers)} = ${value}`;
  }
}

// A name as it stands in a derivative, where no slash of its own may be taken for the fraction's.
function spoken({ name }) {
  return /[/ ]/.test(name) ? `(${name})` : name;
}

function applied(row, operands) {
  const parts = operands.map(bracketed);
  if (row.infix && operands.length === 1) return parts[0] + row.infix;
  if (row.infix) return parts.join(` ${row.infix} `);
  if (!/^\w/.test(row.symbol)) return row.symbol + parts[0];
  return `${row.symbol}(${operands.join(", ")})`;
}

const bracketed = (operand) => (operand.startsWith("-") ? `(${operand})` : operand);

// Four or so significant digits, at most eleven characters.
function brief(number, digits = 4) {
  if (number === undefined) return "?";
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
  if (Object.is(number, -0)) return "-0";
  const size = Math.abs(number);
  if (Number.isInteger(number) && size < 1e6) return String(number);
  if (size >= 1e-4 && size < 1e6)
    return String(Number(number.toPrecision(Math.max(digits, size >= 1e4 ? 6 : 4))));
  return number.toExponential(digits - 1).replace(/\.?0+e/, "e");
}

// Every digit, as Python writes it where it matters.
function exact(number) {
  if (number === undefined) return "unknown";
  if (!Number.isFinite(number) || Object.is(number, -0)) return brief(number);
  return String(number);
}

// The number that was typed: one, or a product or fraction of several; undefined for what is none.
function parsed(text) {
  const [first, ...rest] = text.toLowerCase().replaceAll("infinity", "inf").split(/([*/])/);
  let number = factor(first);
  for (let place = 0; place < rest.length && number !== undefined; place += 2) {
    const next = factor(rest[place + 1]);
    if (next === undefined) return undefined;
    number = rest[place] === "*" ? number * next : number / next;
  }
  return number;
}

function factor(text) {
  const [, sign, word] = text.trim().match(/^([+-]?)(.*)$/);
  const named = { inf: Infinity, nan: NaN, pi: Math.PI };
  if (!Object.hasOwn(named, word) && !/^[\d.]/.test(word)) return undefined;
  const size = named[word] ?? Number(word);
  if (Number.isNaN(size) && word !== "nan") return undefined;
  return sign === "-" ? -size : size;
}
