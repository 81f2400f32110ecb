// Pictures of bars: ranked areas, all municipalities at a glance, plain amounts.
// Belongs here: order, room for names and values, which rows are shown. Does not belong here: marks (charts/bars.py).

const MANY = 40; // above this, ours are listed and the others are shown at a glance until someone asks for them

// By falling value. A place is never counted here: it is the release's, in the words of the table.
function ranked(rows) {
  const known = rows.filter((row) => row.value !== null).sort((a, b) => b.value - a.value);
  return { known, unknown: rows.filter((row) => row.value === null) };
}

function reach(rows) {
  const all = rows.flatMap((row) => [row.value, row.lower, row.upper]).filter(isKnown);
  return [Math.min(0, ...all), Math.max(0, ...all)];
}

// Lying bars. `rows`: [{name, value, lower, upper, group, text}], null values last with the word for missing.
async function drawBars(rows, { width, step, size, decimals }) {
  const [low, high] = reach(rows);
  const shown = rows.map((row, place) => {
    const edge = Math.max(0, row.value ?? 0, row.upper ?? 0);
    const value = row.value === null ? "saknas" : swedish(row.value, decimals);
    return { ...row, place, edge, text: row.after ? `${value} ${row.after}` : value };
  });
  const mixed = shown.some((row) => !row.group);
  shown.forEach((row) => (row.bold = mixed && Boolean(row.group)));
  const weight = (row) => (row.bold ? 700 : 400);
  const names = Math.min(Math.max(...shown.map((row) => textWidth(row.name, size, weight(row)))), width * 0.42) + 10;
  const values = Math.max(...shown.map((row) => textWidth(row.text, size, weight(row)))) + 12;
  const picture = await draw("bars", {
    width,
    height: shown.length * step,
    padding: { left: names, right: values, top: 0, bottom: 0 },
    data: { rows: shown },
    signals: { low, high: high || 1, names: names - 8, size },
  });
  watch(
    picture.view,
    (item) => item && item.datum && item.datum.name && [item.datum.name, [["", withInterval(item.datum, decimals)]]],
  );
  return picture;
}

async function drawLadder(known, { width, decimals }) {
  const HEIGHT = 150;
  const [low, high] = reach(known.map(({ value }) => ({ value })));
  const rows = known.map((row, place) => ({ ...row, place }));
  const left = axisRoom(low, high, decimals);
  const told = (row) => `${row.name} ${swedish(row.value, decimals)}`;
  const ends = [
    { x: 0, y: HEIGHT - 18, text: told(rows[0]), align: "left" },
    { x: width - left, y: HEIGHT - 18, text: told(rows[rows.length - 1]), align: "right" },
  ];
  const picture = await draw("ladder", {
    width,
    height: HEIGHT,
    padding: { left, right: 0, top: 10, bottom: 20 },
    data: { rows, ends },
    signals: { low, high: high || 1, form: form(decimals) },
  });
  const { view } = picture;
  const step = (width - left) / rows.length;
  watch(view, (item, event) => {
    const row = rows[Math.floor(along(view, event) / step)];
    return row && [row.name, [[placeOf(row), withInterval(row, decimals)]]];
  });
  return picture;
}

function scrolling(node, name) {
  return element("div", { class: "scroll-picture", tabindex: "0", role: "region", "aria-label": name }, node);
}

// Few rows: all of them. Many: a glance over all, ours in a list, and all in a list when asked for.
async function rankPicture({ rows, width, decimals, figure }) {
  const named = rows.map((row) => ({ ...row, name: row.area_name, group: row.group || null }));
  const { known, unknown } = ranked(named);
  if (!known.length) return null;
  if (named.length <= MANY) {
    const { node } = await drawBars([...known, ...unknown], { width, step: 26, size: 13, decimals });
    return { images: [node], summary: rankSummary(known, decimals) };
  }
  const whole = figure.dataset.shown === "alla";
  const ours = [...known, ...unknown].filter((row) => row.group);
  const after = (row) => ({ ...row, after: placeOf(row) && width >= WIDE ? `· ${placeOf(row)}` : "" });
  const glance = await drawLadder(placedOf(known), { width, decimals });
  const list = whole || !ours.length ? [...known, ...unknown] : ours.map(after);
  const long = list.length > MANY;
  const { node } = await drawBars(list, {
    width: width - (long ? 20 : 0),
    step: long ? 19 : 26,
    size: long ? 12 : 13,
    decimals,
  });
  return {
    images: [glance.node, long ? scrolling(image(node, "Alla kommuner i ordning"), "Alla kommuner i ordning") : node],
    summary: rankSummary(known, decimals),
    controls: ours.length ? [switcher(figure, whole)] : [],
  };
}

// "3:e lägst av 290"; nothing where the table has no place.
function placeOf(row) {
  const text = row.shown.rank_from_highest;
  return text && text !== "–" ? text : "";
}

// Values that are held out of the order have no place, and are neither highest nor lowest.
function placedOf(known) {
  const placed = known.filter((row) => placeOf(row));
  return placed.length ? placed : known;
}

function rankSummary(all, decimals) {
  const known = placedOf(all);
  const alike = (row) => known.filter(({ value }) => value === row.value).length - 1;
  const others = (row) => (alike(row) ? `, delat med ${alike(row)} till` : "");
  const told = (row) => `${row.name} ${swedish(row.value, decimals)}${others(row)}`;
  return `Högst: ${told(known[0])}. Lägst: ${told(known[known.length - 1])}. ${known.length} har värden.`;
}

function switcher(figure, whole) {
  const button = (text, all) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(whole === all),
        onclick: () => redraw(figure, { shown: all ? "alla" : "" }),
      },
      text,
    );
  return element(
    "div",
    { class: "switch", role: "group", "aria-label": "Vilka kommuner som visas" },
    button("Göteborgsregionen", false),
    button("Alla", true),
  );
}

async function barPicture({ rows, width, decimals }) {
  const named = rows.map((row) => ({ ...row, name: row.label, group: true }));
  if (!named.some((row) => row.value !== null)) return null;
  const { node } = await drawBars(named, { width, step: 28, size: 13, decimals });
  return { images: [node], summary: named.map((row) => `${row.name} ${swedish(row.value, decimals)}`).join(", ") };
}
