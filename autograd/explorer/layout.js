// Where the boxes go: columns from left to right, each scope laid out by itself inside its own frame.
//
// A group has `items`, boxes with a `width` and `height` or groups in turn, and `links` between two items:
// {from, to, source, edge, leaving, arriving}.  An edge that crosses a frame is one link in each group on its
// way, from or to a port at the frame's side; links of the same `source`, a box, share ports and passages.
// `leaving` and `arriving` are the ports of the items where the link begins and ends, if these are groups.
// Afterwards every item has x and y, and every edge the points on its way.

const GAP = 14;
const COLUMN_GAP = 66;
const POINT_GAP = 6; // between what are only points on the way of edges
const SIDE = 22; // from a frame's ports to its first column
const LONGEST = 40; // columns through which an edge gets a way of its own; a longer one goes straight
const MARGIN = 12;
const HEADER = 24;

function layOut(group) {
  for (const item of group.items) if (item.items) layOut(item);
  const columns = inColumns(group);
  settle(columns);
  let x = MARGIN;
  let top = Infinity;
  for (const column of columns) for (const item of column) top = Math.min(top, item.middle - item.height / 2);
  group.height = 0;
  for (const column of columns) {
    const width = Math.max(0, ...column.map((item) => item.width));
    for (const item of column) {
      item.x = x + (width - item.width) / 2;
      item.y = item.middle - item.height / 2 - top + MARGIN + (group.parent ? HEADER : 0);
      item.columnLeft = x;
      item.columnRight = x + width;
      group.height = Math.max(group.height, item.y + item.height + MARGIN);
    }
    x += width + COLUMN_GAP;
    if (!width) x -= COLUMN_GAP - SIDE;
    else group.width = x - COLUMN_GAP + MARGIN;
  }
  group.width = Math.max(group.width, group.least ?? 0);
  for (const item of columns.at(-1)) if (item.port) item.columnLeft = item.columnRight = group.width;
  for (const item of columns[0]) if (item.port) item.columnLeft = item.columnRight = 0;
}

// The links of an edge, from the box where it begins to the box where it ends.
function connect(edge) {
  const above = new Set();
  for (let item = edge.from; item; item = item.parent) above.add(item.parent);
  const entered = [];
  let to = edge.to;
  for (; !above.has(to.parent); to = to.parent) entered.unshift(to);
  edge.links = [];
  const link = (from, target, ports) => {
    const added = { from, to: target, source: edge.from, edge, points: [], ...ports };
    target.parent.links.push(added);
    edge.links.push(added);
  };
  let from = edge.from;
  let port = null;
  while (from.parent !== to.parent) {
    const out = portOf(from.parent, edge.from, "out");
    link(from, out, { leaving: port });
    [from, port] = [from.parent, out];
  }
  let inner = entered.length ? portOf(to, edge.from, "in") : null;
  link(from, to, { leaving: port, arriving: inner });
  for (const item of entered) {
    const next = item === edge.to ? null : portOf(item, edge.from, "in");
    link(inner, item, { arriving: next });
    inner = next;
  }
}

function portOf(group, source, side) {
  const key = `${side} ${source.key}`;
  if (!group.ports.has(key)) {
    const port = { port: side, parent: group, width: 0, height: 2 };
    group.ports.set(key, port);
    group.items.push(port);
  }
  return group.ports.get(key);
}

// How far from the middle of its item a link ends: at a port of the group, or where the edge wants.
function offset(port, shift) {
  return port ? port.y + 1 - port.parent.height / 2 : shift;
}

// The items, column by column, with a place reserved wherever an edge passes through a column.
function inColumns(group) {
  const { items, links } = group;
  const places = new Map(items.map((item, place) => [item, place]));
  const before = items.map(() => []);
  for (const { from, to } of links) before[places.get(to)].push(places.get(from));
  const order = topologicalOrder(items.keys(), (place) => before[place]);
  const turn = new Map(order.map((place, at) => [items[place], at]));
  const first = items.some((item) => item.port === "in") ? 1 : 0;
  for (const item of items)
    Object.assign(item, { column: item.port === "in" ? 0 : first, left: [], right: [] });
  const onward = links.filter(({ from, to }) => turn.get(from) < turn.get(to));
  const arriving = new Map(items.map((item) => [item, []]));
  const leaving = new Map(items.map((item) => [item, []]));
  for (const link of onward) {
    arriving.get(link.to).push(link);
    leaving.get(link.from).push(link);
  }
  for (const place of order) {
    const item = items[place];
    for (const { from } of arriving.get(item)) item.column = Math.max(item.column, from.column + 1);
  }
  for (const place of [...order].reverse()) {
    // What waits for nobody stands beside its first user.
    const item = items[place];
    if (item.port || arriving.get(item).length || !leaving.get(item).length) continue;
    item.column = Math.min(...leaving.get(item).map(({ to }) => to.column)) - 1;
  }
  const outside = 1 + Math.max(...items.filter((item) => item.port !== "out").map((item) => item.column));
  for (const item of items) if (item.port === "out") item.column = outside;
  const columns = Array.from({ length: 1 + Math.max(0, ...items.map((item) => item.column)) }, () => []);
  for (const place of order) columns[items[place].column].push(items[place]);
  const passing = new Map();
  for (const link of onward) {
    let previous = link.from;
    let shift = offset(link.leaving, 0);
    const isLong = link.to.column - link.from.column > LONGEST;
    for (let column = link.from.column + 1; !isLong && column < link.to.column; column += 1) {
      const key = `${column} ${link.source.key}`;
      if (!passing.has(key)) {
        const point = { width: 0, height: 2, column, left: [], right: [] };
        passing.set(key, point);
        columns[column].push(point);
        join(previous, point, -shift);
      }
      previous = passing.get(key);
      shift = 0;
      link.points.push(previous);
    }
    join(previous, link.to, offset(link.arriving, link.to === link.edge.to ? link.edge.shift : 0) - shift);
  }
  return columns;
}

// `shift` is how much lower than the middle of `to` that of `from` should be.
function join(from, to, shift) {
  from.right.push({ item: to, shift });
  to.left.push({ item: from, shift: -shift });
}

// Heights: each item is drawn to the mean of its neighbours, to the left and to the right in turn.
function settle(columns) {
  for (const column of columns) pack(column, () => 0);
  for (let round = 0; round < 24; round += 1) {
    const rightwards = round % 2 === 0;
    for (const column of rightwards ? columns : [...columns].reverse()) {
      pack(column, (item) => {
        const own = rightwards ? item.left : item.right;
        const near = round >= 20 || !own.length ? [...item.left, ...item.right] : own;
        if (!near.length) return item.middle;
        return near.reduce((sum, { item: other, shift }) => sum + other.middle + shift, 0) / near.length;
      });
    }
  }
}

// Stacks a column so that nothing overlaps and the squares of the distances from the wishes are least.
function pack(column, wish) {
  const wishes = new Map(column.map((item) => [item, wish(item)]));
  column.sort((a, b) => wishes.get(a) - wishes.get(b));
  let depth = 0;
  const blocks = [];
  column.forEach((item, place) => {
    const above = column[place - 1];
    if (place) depth += (above.height + item.height) / 2 + (above.width || item.width ? GAP : POINT_GAP);
    item.depth = depth;
    let block = { items: [item], sum: wishes.get(item) - depth };
    while (blocks.length && mean(blocks.at(-1)) > mean(block)) {
      const before = blocks.pop();
      block = { items: before.items.concat(block.items), sum: before.sum + block.sum };
    }
    blocks.push(block);
  });
  for (const block of blocks) for (const item of block.items) item.middle = mean(block) + item.depth;
}

const mean = (block) => block.sum / block.items.length;

// From places inside the own group to places in the picture.
function fix(group, x = 0, y = 0) {
  for (const { points } of group.links) {
    for (const [place, point] of points.entries()) {
      points[place] = [
        [x + point.columnLeft, y + point.y + 1],
        [x + point.columnRight, y + point.y + 1],
      ];
    }
  }
  for (const item of group.items) {
    if (item.port) item.point = [x + item.columnLeft, y + item.y + 1];
    item.x += x;
    item.y += y;
    if (item.items) fix(item, item.x, item.y);
  }
}

// The points on the way of an edge, in pairs between which it is straight: passages and ports.
function pointsOf(edge) {
  return edge.links.flatMap(({ points, to }) => [...points.flat(), ...(to.port ? [to.point, to.point] : [])]);
}
