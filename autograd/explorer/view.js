// The page: the picture, the film, the sliders.  `openExplorer(host, graph, rules, style)` fills an element.
// It hears the keys that are pressed within; where a page holds nothing else, give it the whole `document`.
//
// Everything lives in the element's own shadow tree, so that any number of explorers share a page, and text
// reaches the tree as text nodes only.

const NUMBER_WIDTH = 11; // characters of the widest number that `brief` writes
const MOST_BOXES = 150; // boxes that are shown before scopes stay closed
const LEGIBLE = 0.6; // the least scale at which letters of 12 pixels can be read
const LEGEND_HEIGHT = 28;
const TAKEN = "2.5, -1e-3, 1/3, pi/4, inf or nan"; // what may be typed for a leaf

function make(name, attributes = {}, ...children) {
  const inSvg = ["svg", "g", "rect", "path", "text", "title"].includes(name);
  const element = inSvg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

function openExplorer(host, graph, rules, style, keyboard) {
  const program = new Program(graph, rules);
  const tree = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const view = {
    step: program.last,
    selected: null, // a box: a node or a closed scope
    found: [], // the nodes that the search found
    open: new Set(), // the scopes, by number
    timer: null,
    listener: () => {},
  };

  // --- The parts of the page ---

  const stage = make("svg", {
    class: "stage",
    tabindex: 0,
    role: "application",
    "aria-label":
      "Graph. Arrows choose a box, plus and minus zoom, 0 fits, space plays, Enter opens or closes a scope.",
  });
  const scene = make("g");
  stage.append(scene);
  const search = make("input", {
    type: "search",
    placeholder: "Search  /",
    "aria-label": "Search names, operations, scopes",
  });
  const matches = make("span", { class: "quiet", role: "status" });
  const output = make("select", { "aria-label": "Output that is differentiated" });
  const alarm = make("p", { class: "alarm", role: "alert", hidden: true });
  const film = make("input", {
    type: "range",
    min: 0,
    max: program.last,
    step: 1,
    class: "film",
    "aria-label": "Step of the passes",
  });
  const play = button("▶", "Play or pause (space)", () => (view.timer ? pause() : start()));
  const counter = make("output", { class: "counter" });
  const rule = make("div", { class: "rule", role: "status", "aria-live": "polite" });
  const details = make("div", { class: "details" });
  const leaves = make("div", { class: "leaves" });
  const refusal = make("p", { class: "refusal", role: "alert" });
  const reset = button("Reset", "Back to the recorded numbers", () => {
    for (const row of leafRows) row.narrow();
    move(program.recorded);
  });
  const scopeButtons = graph.scopes.length
    ? [
        button("Open all", "Open every scope", () => openScopes(graph.scopes.keys())),
        button("Close all", "Close every scope", () => openScopes([])),
      ]
    : [];

  function button(text, description, action) {
    return make(
      "button",
      { type: "button", title: description, "aria-label": description, click: action },
      text,
    );
  }

  tree.replaceChildren(
    make("style", {}, style),
    make(
      "section",
      { class: "explorer", tabindex: -1 }, // a click anywhere within brings the keys here
      make(
        "header",
        {},
        make("span", { class: "title", title: graph.note }, graph.title),
        search,
        matches,
        output,
        ...scopeButtons,
        button("−", "Zoom out (-)", () => zoom(1 / 1.3)),
        button("+", "Zoom in (+)", () => zoom(1.3)),
        button("Fit", "Show everything (0)", fit),
      ),
      alarm,
      make(
        "main",
        {},
        make(
          "div",
          { class: "picture" },
          stage,
          make(
            "div",
            { class: "legend" },
            make("span", { class: "negative" }, "− grad"),
            make("span", { class: "positive" }, "+ grad"),
            make("span", { class: "quiet" }, "stronger colour: larger, on a log scale"),
            make("span", { class: "broken" }, "nan, inf"),
          ),
        ),
        make(
          "aside",
          {},
          make(
            "div",
            { class: "controls" },
            button("⇤", "Before the forward pass", () => show(0)),
            button("←", "One step back", () => show(view.step - 1)),
            play,
            button("→", "One step on", () => show(view.step + 1)),
            button("⇥", "After the backward pass", () => show(program.last)),
            counter,
          ),
          film,
          rule,
          details,
          make("div", { class: "heading" }, make("strong", {}, "Leaves"), reset),
          leaves,
        ),
      ),
    ),
  );

  // --- Scopes and boxes ---

  const members = graph.scopes.map(() => []);
  for (const node of program.nodes) for (const scope of enclosing(node)) members[scope].push(node);

  // The scopes of a node, the outermost first.
  function enclosing(node) {
    const found = [];
    for (let scope = node.scope; scope !== null; scope = graph.scopes[scope][0]) found.unshift(scope);
    return found;
  }

  // Opens the scopes depth by depth, as long as the boxes are neither too many nor too small for the stage.
  function openAtFirst() {
    build();
    const depth = graph.scopes.map(([parent], scope) => (parent === null ? 1 : enclosing({ scope }).length));
    for (let deepest = 1; deepest <= Math.max(0, ...depth); deepest += 1) {
      const shown = program.nodes.filter((node) => enclosing(node).length <= deepest).length;
      if (shown + depth.filter((own) => own === deepest + 1).length > MOST_BOXES) return;
      const before = [...view.open];
      depth.forEach((own, scope) => {
        if (own === deepest) view.open.add(scope);
      });
      build();
      if (scaleOfAll() < LEGIBLE) {
        view.open = new Set(before);
        build();
        return;
      }
    }
  }

  let boxes; // by key: what stands for a node or a closed scope
  let frames; // the open scopes
  let edges;
  let boxOf; // by a node's position: its box

  const pen = document.createElement("canvas").getContext("2d");
  function widthOf(text, font) {
    pen.font = font;
    return pen.measureText(text).width;
  }
  const MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
  const numberWidth = widthOf("0".repeat(NUMBER_WIDTH + 5), `11px ${MONO}`);

  // Lays out the boxes anew.  The chosen one stays so, or else what it is in now, or the first in it.
  function build() {
    const whole = { items: [], links: [], ports: new Map(), parent: null };
    const groups = new Map();
    boxes = new Map();
    frames = [];
    boxOf = [];
    const groupOf = (scope) => {
      if (scope === null) return whole;
      if (!groups.has(scope)) {
        const parent = groupOf(graph.scopes[scope][0]);
        const title = `▾ ${clipped(graph.scopes[scope][1])}`;
        const group = {
          scope,
          title,
          items: [],
          links: [],
          ports: new Map(),
          parent,
          least: widthOf(title, `12px ${MONO}`) + 24,
        };
        parent.items.push(group);
        frames.push(group);
        groups.set(scope, group);
      }
      return groups.get(scope);
    };
    for (const node of program.nodes) {
      const closed = enclosing(node).find((scope) => !view.open.has(scope));
      const key = closed === undefined ? `n${node.position}` : `s${closed}`;
      if (!boxes.has(key)) {
        const parent = groupOf(closed === undefined ? node.scope : graph.scopes[closed][0]);
        const box = { key, parent, arriving: [], ...(closed === undefined ? nodeBox(node) : scopeBox(closed)) };
        boxes.set(key, box);
        parent.items.push(box);
      }
      boxOf.push(boxes.get(key));
    }
    edges = new Map();
    for (const node of program.nodes) {
      node.operands.forEach((operand, place) => {
        if (Array.isArray(operand)) return;
        const [from, to] = [boxOf[operand], boxOf[node.position]];
        if (from === to) return;
        const single = Boolean(from.node && to.node);
        const key = single ? `${from.key} ${to.key} ${place}` : `${from.key} ${to.key}`;
        if (!edges.has(key)) {
          edges.set(key, { from, to, single, uses: [] });
          to.arriving.push(edges.get(key));
        }
        edges.get(key).uses.push({ node, place });
      });
    }
    for (const edge of edges.values()) {
      edge.shift = edge.to.node ? spread(edge.uses[0].place, edge.to.node.operands.length) : 0;
      connect(edge);
    }
    layOut(whole);
    fix(whole);
    // Only now is it known in which order edges arrive at a closed scope without crossing each other.
    for (const { node, arriving } of boxes.values()) {
      if (node) continue;
      arriving.sort((one, other) => pointsBefore(one).at(-1)[1] - pointsBefore(other).at(-1)[1]);
      arriving.forEach((edge, place) => (edge.shift = spread(place, arriving.length)));
    }
    view.size = [whole.width, whole.height];
    if (view.selected) {
      const { key, node, scope } = view.selected;
      view.selected = boxes.get(key) ?? boxOf[(node ?? members[scope][0]).position];
    }
    paint();
  }

  // How far below a box's middle the edge at one of several places ends.
  function spread(place, places) {
    return (place - (places - 1) / 2) * Math.min(14, 40 / places);
  }

  function nodeBox(node) {
    const title = clipped([operation(node), node.label].filter(Boolean).join("  ") || "leaf");
    const id = node.own === node.label ? 0 : widthOf(node.id, `10.5px ${MONO}`) + 8;
    return {
      node,
      title,
      width: Math.max(numberWidth + 16, widthOf(title, `bold 12px ${MONO}`) + id + 20),
      height: 56,
    };
  }

  function scopeBox(scope) {
    const title = `▸ ${clipped(graph.scopes[scope][1])}`;
    const count = `${members[scope].length} nodes`;
    return {
      scope,
      title,
      count,
      width: Math.max(widthOf(title, `bold 12px ${MONO}`), widthOf(count, `11px ${MONO}`)) + 24,
      height: 44,
    };
  }

  // How a node was computed, with its number operands in place.
  function operation(node) {
    if (!node.row) return "";
    const operands = node.operands.map((operand) => (Array.isArray(operand) ? brief(operand[0]) : ""));
    const { infix, symbol } = node.row;
    if (!operands.some(Boolean)) return symbol;
    if (infix) return operands.join(` ${infix} `).trim();
    return `${symbol}(${operands.map((operand) => operand || "·").join(", ")})`;
  }

  function clipped(text, most = 28) {
    const line = [...text.replace(/\s+/g, " ")];
    return line.length > most ? `${line.slice(0, most - 1).join("")}…` : line.join("");
  }

  // --- Painting ---

  function paint() {
    const nodes = [];
    for (const frame of frames.sort((a, b) => enclosingCount(a) - enclosingCount(b))) {
      frame.element = make(
        "g",
        { class: "frame", transform: `translate(${frame.x} ${frame.y})` },
        make("rect", { width: frame.width, height: frame.height, rx: 8 }),
        scopeButton(frame, 10, 17),
      );
    }
    for (const { arriving } of boxes.values()) {
      const labels = []; // where those stand that arrive at the same box
      for (const edge of arriving) paintEdge(edge, labels);
    }
    for (const box of boxes.values()) {
      const { x, y, width, height } = box;
      box.rect = make("rect", { width, height, rx: 6 });
      box.element = make(
        "g",
        { class: "box", transform: `translate(${x} ${y})`, click: () => select(box) },
        box.rect,
      );
      if (box.node) {
        box.tip = make("title");
        box.mark = make("rect", { class: "mark", width: 4, height: height - 12, x: 0, y: 6, rx: 2 });
        box.id = make("text", { class: "tag id", x: width - 8, y: 18 });
        box.data = make("text", { class: "number", x: width - 8, y: 34 });
        box.grad = make("text", { class: "number", x: width - 8, y: 49 });
        box.element.append(
          box.tip,
          box.mark,
          make("text", { class: "name", x: 10, y: 18 }, box.title),
          box.id,
          make("text", { class: "tag", x: 10, y: 34 }, "data"),
          box.data,
          make("text", { class: "tag", x: 10, y: 49 }, "grad"),
          box.grad,
        );
        box.element.classList.toggle("leaf", !box.node.row);
        box.element.classList.toggle("output", graph.outputs.includes(box.node.position));
      } else {
        box.element.classList.add("closed");
        box.element.append(scopeButton(box, 10, 19), make("text", { class: "tag", x: 10, y: 35 }, box.count));
      }
      nodes.push(box.element);
    }
    scene.classList.toggle("crowded", edges.size > 2 * boxes.size);
    scene.replaceChildren(
      ...frames.map((frame) => frame.element),
      ...[...edges.values()].map((edge) => edge.element),
      ...nodes,
      ...[...edges.values()].map((edge) => edge.text),
    );
  }

  function enclosingCount(group) {
    let count = 0;
    for (let at = group; at; at = at.parent) count += 1;
    return count;
  }

  function scopeButton({ scope, title }, x, y) {
    const toggle = (event) => {
      event.stopPropagation();
      toggleScope(scope);
    };
    return make(
      "text",
      {
        class: "scope",
        x,
        y,
        tabindex: 0,
        role: "button",
        "aria-expanded": view.open.has(scope),
        "data-scope": scope,
        click: toggle,
        keydown: (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            toggle(event);
          }
        },
      },
      title,
      make("title", {}, graph.scopes[scope][1]),
    );
  }

  // The points of an edge but the last.
  function pointsBefore(edge) {
    return [[edge.from.x + edge.from.width, edge.from.y + edge.from.height / 2], ...pointsOf(edge)];
  }

  function paintEdge(edge, labels) {
    const { to } = edge;
    const end = [to.x - 1, to.y + to.height / 2 + edge.shift];
    const points = [...pointsBefore(edge), [end[0] - 5, end[1]]];
    let path = `M${points[0]}`;
    for (let place = 1; place < points.length; place += 1) {
      const [[x0, y0], [x1, y1]] = [points[place - 1], points[place]];
      const bend = Math.max(24, Math.abs(x1 - x0) / 2);
      path += place % 2 === 0 ? `L${x1},${y1}` : `C${x0 + bend},${y0} ${x1 - bend},${y1} ${x1},${y1}`;
    }
    const head = `M${end}l-7,-3.5v7z`;
    const dashed = edge.uses.every(({ node, place }) => node.row.blocked[place]);
    edge.element = make(
      "g",
      { class: dashed ? "edge dashed" : "edge" },
      make("path", { d: path }),
      make("path", { class: "head", d: head }),
    );
    const [x, y] = labelPlace(edge, points.at(-2), end, labels);
    edge.text = make("text", { class: "partial", x, y });
  }

  // Before the arrow, the first operands' above their lines; where another label stands, further back.
  function labelPlace(edge, [x0, y0], [x1, y1], labels) {
    if (!edge.single && edge.uses.length === 1) return [x1, y1]; // it has no label
    const below = edge.shift > 0 ? 11 : -4;
    const places = [1, 0.8, 0.6, 0.4, 0.2].map((part) => [
      x1 - 8 - (x1 - x0) * (1 - part),
      y1 - (y1 - y0) * (1 - part * part * (3 - 2 * part)) + below,
    ]);
    const free = ([x, y]) => labels.every((other) => Math.abs(other[0] - x) > 40 || Math.abs(other[1] - y) > 11);
    labels.push(places.find(free) ?? places[0]);
    return labels.at(-1);
  }

  // Numbers, colours and marks as of the present step and the present leaves.
  function update() {
    const now = program.at(view.step);
    const related = view.selected ? relatives(view.selected) : null;
    for (const box of boxes.values()) {
      const { classList } = box.element;
      if (box.node) updateBox(box, now);
      classList.toggle("current", now.node !== null && boxOf[now.node.position] === box);
      classList.toggle("selected", box === view.selected);
      classList.toggle("ancestor", Boolean(related?.ancestors.has(box)));
      classList.toggle("descendant", Boolean(related?.descendants.has(box)));
      classList.toggle(
        "dim",
        Boolean(related) &&
          box !== view.selected &&
          !related.ancestors.has(box) &&
          !related.descendants.has(box),
      );
    }
    for (const box of boxes.values()) box.element.classList.remove("found");
    for (const node of view.found) boxOf[node.position].element.classList.add("found");
    for (const edge of edges.values()) updateEdge(edge, now, related);
    alarm.hidden = !(program.crossed || program.missing.length);
    alarm.textContent = program.crossed ? crossing() : program.missing.length ? missing() : "";
    film.value = view.step;
    counter.textContent = now.turn ? `${now.kind} ${now.turn}/${now.turns}` : now.kind;
    film.setAttribute("aria-valuetext", `${counter.textContent}: ${now.lines.join("; ")}`);
    rule.replaceChildren(...now.lines.map((line) => make("div", {}, line)));
    describe(now);
    for (const row of leafRows) row.update(now);
  }

  function updateBox({ node, element, tip, mark, id, data, grad, rect }, now) {
    const value = now.known.has(node.position) ? program.values[node.position] : undefined;
    const adjoint = now.adjoints.get(node.position);
    data.textContent = now.known.has(node.position) ? brief(value) : "";
    grad.textContent = adjoint === undefined ? "–" : brief(adjoint);
    data.classList.toggle("broken", value !== undefined && !Number.isFinite(value));
    grad.classList.toggle("broken", adjoint !== undefined && !Number.isFinite(adjoint));
    const gradient = adjoint === undefined ? "–" : exact(adjoint);
    tip.textContent = `${clipped(numbered(node), 80)}: data ${exact(value)}, grad ${gradient}`;
    id.textContent = node.own === node.label ? "" : node.label ? node.id : node.name;
    element.classList.toggle("unknown", value === undefined);
    const strength = adjoint ? Math.min(1, Math.max(0.15, 0.6 + Math.log10(Math.abs(adjoint)) * 0.15)) : 0;
    const sign = adjoint > 0 ? "positive" : "negative";
    rect.setAttribute("class", adjoint ? sign : "");
    rect.style.fillOpacity = adjoint ? 0.04 + 0.34 * strength : "";
    mark.setAttribute("class", adjoint ? `mark ${sign}` : "mark");
  }

  function updateEdge(edge, now, related) {
    const { from, to, single, uses, element, text } = edge;
    const { node, place } = uses[0];
    const partial = program.partials[node.position]?.[place];
    if (!single) text.textContent = uses.length > 1 ? `×${uses.length}` : "";
    else if (node.row.blocked[place] || !now.known.has(node.position)) text.textContent = "";
    else text.textContent = brief(partial, 3);
    text.classList.toggle("broken", single && partial !== undefined && !Number.isFinite(partial));
    const onPath =
      related &&
      [related.ancestors, related.descendants].some(
        (side) => (side.has(from) || from === view.selected) && (side.has(to) || to === view.selected),
      );
    for (const part of [element, text]) part.classList.toggle("dim", Boolean(related) && !onPath);
    element.classList.toggle("onpath", Boolean(onPath));
    element.classList.toggle(
      "current",
      now.kind === "forward"
        ? to === boxOf[now.node.position] && uses.some((use) => use.node === now.node)
        : now.kind === "backward" && uses.some((use) => use.node === now.node),
    );
  }

  function numbered({ id, name }) {
    return name === id ? id : `${id} ${name}`;
  }

  function relatives(box) {
    const own = box.node ? [box.node] : members[box.scope];
    const reached = (next) => {
      const seen = new Set(own.map((node) => node.position));
      const waiting = [...seen];
      while (waiting.length) {
        for (const other of next(program.nodes[waiting.pop()])) {
          if (!seen.has(other)) {
            seen.add(other);
            waiting.push(other);
          }
        }
      }
      own.forEach((node) => seen.delete(node.position));
      return seen;
    };
    const before = reached((node) => node.arguments);
    const after = reached((node) => node.users);
    const boxesOf = (positions) =>
      new Set([...positions].map((position) => boxOf[position]).filter((other) => other !== box));
    return { before, after, ancestors: boxesOf(before), descendants: boxesOf(after) };
  }

  function crossing() {
    const was = program.branches.get(program.crossed.position);
    const known = program.formula(program.crossed).split(" = ")[1];
    const [then, now] = was ? ["True", "False"] : ["False", "True"];
    return (
      `Stopped at a branch: ${known} (${program.crossed.id}) was ${then} when this graph was recorded, and is ` +
      `${now} for these leaves. Python would have run other lines: record the graph again for them.`
    );
  }

  function missing() {
    const have = program.missing.length === 1 ? "has" : "have";
    return (
      `This page cannot recompute: ${program.missing.join(", ")} ${have} no counterpart in its language. ` +
      "The numbers are those that Python recorded."
    );
  }

  // What is said of the chosen box.
  function describe(now) {
    const box = view.selected;
    if (!box) {
      details.replaceChildren(
        make("p", { class: "quiet" }, "Click a box for what it depends on and what depends on it."),
      );
      return;
    }
    const { before, after } = relatives(box);
    const lines = [];
    if (box.node) {
      const { node } = box;
      const adjoint = now.adjoints.get(node.position);
      lines.push(["name", numbered(node)]);
      if (node.path) lines.push(["scope", node.path.slice(0, -1)]);
      if (node.row) lines.push(["rule", program.formula(node)]);
      lines.push(["data", exact(program.values[node.position])]);
      lines.push(["grad", adjoint === undefined ? "–" : exact(adjoint)]);
      node.operands.forEach((operand, place) => {
        if (Array.isArray(operand) || node.row?.blocked[place]) return;
        const name = [...program.nodes[operand].name];
        const end = name.length > 18 ? `…${name.slice(-17).join("")}` : name.join("");
        lines.push([`∂/∂${end}`, exact(program.partials[node.position]?.[place])]);
      });
    } else {
      lines.push(["scope", graph.scopes[box.scope][1]], ["nodes", String(members[box.scope].length)]);
    }
    lines.push(["ancestors", String(before.size)], ["descendants", String(after.size)]);
    details.replaceChildren(
      make(
        "dl",
        {},
        ...lines.flatMap(([term, text]) => [make("dt", {}, term), make("dd", { "data-of": term }, text)]),
      ),
    );
  }

  // --- Leaves ---

  const leafRows = program.leaves.map((leaf, place) => {
    const start = Number.isFinite(leaf.data) ? leaf.data : 0;
    const reach = Math.min(Math.max(1, 2 * Math.abs(start)), Number.MAX_VALUE - Math.abs(start));
    const disabled = program.missing.length > 0;
    const name = clipped(leaf.name, 40);
    const slider = make("input", {
      type: "range",
      step: "any",
      disabled,
      "aria-label": `${name}, slider`,
      input: () => change(Number(slider.value)),
    });
    const field = make("input", {
      type: "text",
      class: "field",
      size: 11,
      disabled,
      "aria-label": `${name}, number`,
      title: `A number, such as ${TAKEN}`,
      change: () => {
        const number = parsed(field.value);
        field.setAttribute("aria-invalid", number === undefined);
        if (number === undefined) {
          const given = field.value.trim() ? `“${clipped(field.value)}”` : "Nothing";
          row.append(refusal);
          refusal.textContent = `${given} is no number; ${name} stays ${held()}. Type one such as ${TAKEN}.`;
          refusal.scrollIntoView({ block: "nearest" });
        } else {
          change(number);
          field.value = held();
        }
      },
      blur: () => {
        field.value = held();
        field.setAttribute("aria-invalid", false);
      },
    });
    const held = () => exact(program.numbers[place]);
    const grad = make("span", { class: "grad" });
    const change = (number) => move(program.numbers.map((old, other) => (other === place ? number : old)));
    const narrow = () => Object.assign(slider, { min: start - reach, max: start + reach });
    narrow();
    const row = make(
      "div",
      { class: "leafrow", "data-leaf": leaf.id },
      make(
        "button",
        { type: "button", class: "link", title: leaf.name, click: () => reveal(leaf) },
        make(
          "span",
          { class: "quiet" },
          enclosing(leaf)
            .map((scope) => `${clipped(graph.scopes[scope][1])}/`)
            .join(""),
        ),
        clipped(leaf.own, 40),
      ),
      grad,
      slider,
      field,
    );
    leaves.append(row);
    return {
      narrow,
      update(now) {
        const number = program.numbers[place];
        const adjoint = now.adjoints.get(leaf.position);
        if (Number.isFinite(number)) {
          slider.min = Math.min(slider.min, number);
          slider.max = Math.max(slider.max, number);
          slider.value = number;
        } else {
          slider.value = number > 0 ? slider.max : number < 0 ? slider.min : start;
        }
        slider.classList.toggle("outside", !Number.isFinite(number));
        slider.setAttribute("aria-valuetext", brief(number));
        if (field !== tree.activeElement) field.value = exact(number); // else it is being typed
        grad.textContent = adjoint === undefined ? "" : `grad ${brief(adjoint)}`;
        grad.title = adjoint === undefined ? "" : exact(adjoint);
      },
    };
  });
  reset.disabled = program.missing.length > 0;

  function move(numbers, quietly = false) {
    if (program.missing.length) return;
    refusal.remove();
    program.set(numbers);
    update();
    if (!quietly) view.listener([...program.numbers]);
  }

  // --- The film ---

  function show(step) {
    view.step = Math.min(program.last, Math.max(0, step));
    update();
    const { node } = program.at(view.step);
    if (node) follow(boxOf[node.position]);
  }

  function start() {
    if (view.step === program.last) show(0);
    play.textContent = "❚❚";
    view.timer = setInterval(
      () => {
        if (view.step < program.last && host.isConnected) show(view.step + 1);
        else pause();
      },
      Math.min(800, Math.max(60, 30000 / program.last)),
    );
  }

  function pause() {
    clearInterval(view.timer);
    view.timer = null;
    play.textContent = "▶";
  }

  film.addEventListener("input", () => {
    pause();
    show(Number(film.value));
  });

  // --- Opening, choosing, searching ---

  function openScopes(scopes) {
    view.open = new Set(scopes);
    build();
    update();
    fit();
  }

  // The scope's upper left corner stays where it is on the screen.
  function toggleScope(scope) {
    const corner = () => {
      const { x, y } = frames.find((frame) => frame.scope === scope) ?? boxes.get(`s${scope}`);
      return [x, y];
    };
    const [x, y] = corner();
    const onTitle = tree.activeElement?.matches(".scope");
    if (!view.open.delete(scope)) view.open.add(scope);
    build();
    const [newX, newY] = corner();
    camera.x += (x - newX) * camera.scale;
    camera.y += (y - newY) * camera.scale;
    camera.moved = true;
    place();
    update();
    if (onTitle) scene.querySelector(`[data-scope="${scope}"]`).focus();
  }

  function select(box) {
    view.selected = box === view.selected ? null : box;
    update();
  }

  // Shows a node, opening the scopes around it.
  function reveal(node) {
    const closed = enclosing(node).filter((scope) => !view.open.has(scope));
    closed.forEach((scope) => view.open.add(scope));
    if (closed.length) build();
    view.selected = boxOf[node.position];
    update();
    centre(view.selected);
  }

  search.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase();
    view.found = !words
      ? []
      : program.nodes.filter((node) =>
          [
            node.path + node.own,
            node.name,
            node.id,
            node.row?.name,
            node.row?.symbol,
          ].some((text) => text?.toLowerCase().includes(words)),
        );
    view.next = 0;
    matches.textContent = words ? `${view.found.length} found` : "";
    update();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !view.found.length) return;
    reveal(view.found[view.next % view.found.length]);
    matches.textContent = `${(view.next % view.found.length) + 1} of ${view.found.length}`;
    view.next += 1;
  });

  for (const [number, position] of program.outputs.entries()) {
    output.append(
      make("option", { value: number }, clipped(program.nodes[position].unique, 40)),
    );
  }
  output.value = program.outputs.length - 1;
  output.hidden = program.outputs.length < 2;
  output.addEventListener("change", () => {
    program.choose(Number(output.value));
    film.max = program.last;
    show(program.last);
  });

  // --- Camera: the picture's place and scale in the stage; `moved` once it shows no longer the whole ---

  const camera = { x: 0, y: 0, scale: 1, moved: false };

  function place() {
    scene.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.scale})`);
  }

  // Of the stage, without the legend; null while it is not shown.
  function room() {
    const { width, height } = stage.getBoundingClientRect();
    return width > 0 && height > LEGEND_HEIGHT ? [width, height - LEGEND_HEIGHT] : null;
  }

  // The scale at which everything is in sight; the largest there is as long as no size is known.
  function scaleOfAll() {
    const [width, height] = room() ?? [Infinity, Infinity];
    return Math.min(1.4, width / view.size[0], height / view.size[1]);
  }

  function fit() {
    if (!room()) return;
    const [width, height] = room();
    camera.scale = scaleOfAll();
    camera.x = (width - view.size[0] * camera.scale) / 2;
    camera.y = (height - view.size[1] * camera.scale) / 2;
    camera.moved = false;
    place();
  }

  // At a point of the stage, by default its middle, which stays where it is.
  function zoom(factor, at) {
    const { width, height } = stage.getBoundingClientRect();
    const [x, y] = at ?? [width / 2, height / 2];
    const scale = Math.min(6, Math.max(0.02, camera.scale * factor));
    camera.x = x - ((x - camera.x) * scale) / camera.scale;
    camera.y = y - ((y - camera.y) * scale) / camera.scale;
    camera.scale = scale;
    camera.moved = true;
    place();
  }

  function centre(box) {
    const { width, height } = stage.getBoundingClientRect();
    camera.scale = Math.max(camera.scale, 0.7);
    camera.x = width / 2 - (box.x + box.width / 2) * camera.scale;
    camera.y = height / 2 - (box.y + box.height / 2) * camera.scale;
    camera.moved = true;
    place();
  }

  // Moves the picture only if the box is out of sight.
  function follow(box) {
    const { width, height } = stage.getBoundingClientRect();
    const [left, top] = [camera.x + box.x * camera.scale, camera.y + box.y * camera.scale];
    const inside =
      left >= 0 &&
      top >= 0 &&
      left + box.width * camera.scale <= width &&
      top + box.height * camera.scale <= height;
    if (!inside) centre(box);
  }

  const pointers = new Map();
  const onStage = (event) => {
    const { left, top } = stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), onStage(event));
    },
    { passive: false },
  );
  stage.addEventListener("pointerdown", (event) => pointers.set(event.pointerId, onStage(event)));
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = onStage(event);
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const distance = ([x0, y0], [x1, y1]) => Math.hypot(x0 - x1, y0 - y1);
    if (others.length) {
      zoom(distance(now, others[0]) / Math.max(1, distance(before, others[0])), others[0]);
    } else if (stage.hasPointerCapture(event.pointerId) || distance(before, now) > 4) {
      stage.setPointerCapture(event.pointerId); // from here on it is no click
      camera.x += now[0] - before[0];
      camera.y += now[1] - before[1];
      camera.moved = true;
      place();
    } else {
      return;
    }
    pointers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"])
    stage.addEventListener(end, (event) => pointers.delete(event.pointerId));

  // --- Keys ---

  // The first argument to the left, the first user to the right, above and below the nearest box; if nothing
  // is chosen, the output.
  function neighbour(dx, dy) {
    const from = view.selected;
    if (!from) return boxOf[program.output.position];
    const linked = [...edges.values()];
    if (dx < 0) return linked.find(({ to }) => to === from)?.from;
    if (dx > 0) return linked.find((edge) => edge.from === from)?.to;
    const distance = (box) => {
      const along = (box.y + box.height / 2 - from.y - from.height / 2) * dy;
      return along > 1 ? along + 2 * Math.abs(box.x + box.width / 2 - from.x - from.width / 2) : Infinity;
    };
    const nearest = [...boxes.values()].reduce((best, box) => (distance(box) < distance(best) ? box : best));
    return distance(nearest) < Infinity ? nearest : undefined;
  }

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const keys = {
    "+": () => zoom(1.3),
    "=": () => zoom(1.3),
    "-": () => zoom(1 / 1.3),
    0: fit,
    " ": () => play.click(),
    "/": () => search.focus(),
    Escape: () => {
      view.selected = null;
      update();
    },
    Enter: () => {
      const scope = view.selected?.scope ?? view.selected?.node.scope ?? null;
      if (scope !== null) toggleScope(scope);
    },
  };
  // Whether what has the focus needs a key for itself.
  function wants(target, key) {
    if (target.matches("select, input:not([type=range])")) return true;
    if (key in arrows) return target.matches("input, .rule, dl");
    return (key === " " || key === "Enter") && target.matches("button, [role=button]");
  }

  (keyboard ?? tree).addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (wants(event.composedPath()[0], event.key)) return;
    if (event.key in arrows) {
      const box = neighbour(...arrows[event.key]);
      if (box) {
        view.selected = box;
        update();
        follow(box);
        stage.focus({ preventScroll: true });
      }
    } else if (event.key in keys) keys[event.key]();
    else return;
    event.preventDefault();
  });

  let begun; // with the stage's size known, which in a notebook may be only later
  function begin() {
    begun = Boolean(room());
    view.open.clear();
    openAtFirst();
    update();
    fit();
  }
  begin();
  const observer = new ResizeObserver(() => {
    if (!begun) begin();
    else if (!camera.moved) fit();
  });
  observer.observe(stage);
  return {
    set: (numbers) => move(numbers, true),
    listen: (listener) => {
      view.listener = listener;
    },
    close: () => {
      pause();
      observer.disconnect();
    },
  };
}
