// Pictures of lines: series over years, observed against counterfactual, small multiples.
// Belongs here: where a line stops, axes, labels that find room. Does not belong here: marks (charts/lines.py).

const WIDE = 600; // from this width on, names stand at the ends of their lines
const NATION = "0000";

// Years between values, as the table has them: a greater distance is a gap, and is not bridged.
function usualStep(series) {
  const seen = new Map();
  for (const { points } of series) {
    const known = points.filter((p) => p.value !== null);
    known.slice(1).forEach((p, n) => seen.set(p.year - known[n].year, (seen.get(p.year - known[n].year) || 0) + 1));
  }
  return [...seen].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([step]) => step)[0] || 1;
}

// Rows for the picture: a new `run` begins at every break and after every gap, and a new `band` where intervals begin
// anew. What is alone in its run is drawn as a dot, alone in its band as a rule.
function inRuns(series, breaks) {
  const step = usualStep(series);
  const rows = [];
  for (const { id, name, series: number, points } of series) {
    let [run, band] = [0, 0];
    let before = null;
    const known = points.filter((p) => p.value !== null).sort((a, b) => a.year - b.year);
    for (const point of known) {
      const broken = point.broken || breaks.some((b) => before && before.year < b.year && b.year <= point.year);
      if (before && (broken || point.year - before.year > step)) run += 1;
      if (!isKnown(point.lower) || !isKnown(point.upper)) band += 1;
      rows.push({ ...point, area_id: id, name, series: number, run: `${id} ${run}`, band: `${id} ${run} ${band}` });
      before = point;
    }
  }
  const [runs, bands] = [
    tally(rows.map((row) => row.run)),
    tally(rows.filter((row) => isKnown(row.lower)).map((row) => row.band)),
  ];
  return rows.map((row) => ({
    ...row,
    alone: runs.get(row.run) === 1,
    whisker: isKnown(row.lower) && bands.get(row.band) === 1,
  }));
}

function isKnown(value) {
  return value !== null && value !== undefined;
}

function tally(names) {
  const seen = new Map();
  names.forEach((name) => seen.set(name, (seen.get(name) || 0) + 1));
  return seen;
}

function bounds(rows, unit) {
  const all = rows.flatMap((r) => [r.value, r.lower, r.upper]).filter(isKnown);
  let low = Math.min(...all);
  let high = Math.max(...all);
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  const share = /%/.test(unit) && low >= 0 && high <= 100;
  if (low >= 0 && low < high * 0.35) low = 0;
  else low -= room;
  high += room;
  return share ? [Math.max(low, 0), Math.min(high, 100)] : [low, high];
}

// Years to write below: as many as find room, the newest always.
function ticks(first, last, width, room = 46) {
  const step = [1, 2, 5, 10, 20, 50].find((n) => ((last - first) / n) * room <= width) || 100;
  const years = [];
  for (let year = last; year >= first; year -= step) years.unshift(year);
  return years;
}

// Names at the ends of lines, moved apart where they would meet.
function endLabels(rows, x, y, height) {
  const newest = new Map();
  rows.forEach((row) => newest.set(row.area_id, row));
  const labels = [...newest.values()].map((row) => ({
    series: row.series,
    text: row.name,
    x: x(row.year),
    y: y(row.value),
  }));
  const right = Math.max(...labels.map((label) => label.x));
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, n) => {
    label.x = right;
    if (n) label.y = Math.max(label.y, labels[n - 1].y + 17);
  });
  let floor = height;
  for (const label of [...labels].reverse()) {
    label.y = Math.min(label.y, floor);
    floor = label.y - 17;
  }
  return labels;
}

// Captions of events and breaks above the picture, in rows; by number where their words find no room.
function captions(marks, x, width) {
  const place = (words, most) => {
    const ends = [];
    const placed = [];
    for (const mark of marks) {
      const text = words(mark);
      const wide = textWidth(text, 12);
      const at = Math.max(x(mark.at), 0);
      const left = at + wide <= width ? at : Math.max(0, width - wide);
      const row = [...ends, -Infinity].findIndex((end) => end + 12 <= left);
      if (row >= most) return null;
      ends[row] = left + wide;
      placed.push({ text, x: left, y: -6 - row * 16, align: "left" });
    }
    return { placed, lanes: ends.length };
  };
  const whole = place((mark) => mark.title, 3);
  return whole ? { ...whole, numbered: false } : { ...place((mark) => mark.number, Infinity), numbered: true };
}

function marksOf(events, breaks, [first, last]) {
  const shown = [
    ...events
      .filter((e) => e.from <= last && (e.to || e.from) >= first)
      .map((e) => ({ ...e, at: e.from, broken: false })),
    ...breaks
      .filter((b) => b.year > first && b.year <= last + 0.5)
      .map((b) => ({ at: b.year - 0.5, title: `Brott ${b.year}`, reason: b.reason, broken: true })),
  ].sort((a, b) => a.at - b.at);
  return shown.map((mark, n) => ({ ...mark, number: String(n + 1) }));
}

function marksKey(marks, numbered) {
  const told = marks.filter((mark) => numbered || mark.reason);
  if (!told.length) return null;
  const words = (mark) =>
    [numbered ? `${mark.number} ` : "", mark.title, mark.reason ? `: ${mark.reason}` : ""].join("");
  return element("ul", { class: "explained" }, ...told.map((mark) => element("li", {}, words(mark))));
}

// The picture itself. `series`: [{id, name, series, points: [{year, value, lower, upper, broken}]}].
async function drawLines({
  series,
  events = [],
  breaks = [],
  unit = "",
  decimals = 0,
  width,
  height,
  small,
  domain,
  years,
}) {
  const rows = inRuns(series, breaks);
  if (!rows.length) return null;
  const all = years || rows.map((row) => row.year);
  const [first, last] = [Math.min(...all), Math.max(...all)];
  const [from, to] = first === last ? [first - 1, last + 1] : [first - 0.3, last + 0.3];
  const [low, high] = domain || bounds(rows, unit);
  const atEnds = !small && width >= WIDE && series.length > 1;
  const left = axisRoom(low, high, decimals);
  const right = atEnds ? Math.max(...series.map((one) => textWidth(one.name, 13, 600))) + 12 : 18;
  const inside = width - left - right;
  const x = (year) => ((year - from) / (to - from)) * inside;
  const marks = marksOf(events, breaks, [from, to]);
  const found = captions(marks, x, inside + right);
  const top = found.lanes * 16 + 8;
  const bottom = 24;
  const tall = height - top - bottom;
  const y = (value) => (1 - (value - low) / (high - low)) * tall;
  const lasting = (mark) => !mark.broken && mark.to > mark.from;
  const picture = await draw("lines", {
    width,
    height,
    padding: { left, right, top, bottom },
    data: {
      rows,
      captions: found.placed,
      ends: atEnds ? endLabels(rows, x, y, tall) : [],
      spans: marks.filter(lasting).map((mark) => ({ from: Math.max(mark.from, from), to: Math.min(mark.to, to) })),
      rules: marks.filter((mark) => !lasting(mark)),
    },
    signals: {
      first: from,
      last: to,
      low,
      high,
      form: form(decimals),
      years: small ? [first, last] : ticks(first, last, inside),
      levels: small ? 3 : Math.max(3, Math.round(height / 70)),
      thick: small ? 1.75 : 2.25,
      dots: small || rows.length / series.length > 24 ? 0 : 34,
    },
  });
  watchYears(picture.view, rows, series, decimals);
  return { ...picture, key: marksKey(marks, found.numbered), legend: !small && !atEnds && series.length > 1 };
}

function watchYears(view, rows, series, decimals) {
  const years = [...new Set(rows.map((row) => row.year))];
  const mark = (near) =>
    view
      .data(
        "near",
        near.map((row, n) => ({ ...row, first: n === 0 })),
      )
      .runAsync();
  watch(view, (item, event) => {
    const at = view.scale("x").invert(along(view, event));
    const year = years.reduce((a, b) => (Math.abs(b - at) < Math.abs(a - at) ? b : a));
    const near = rows.filter((row) => row.year === year);
    mark(near);
    return [
      String(year),
      near.map((row) => [
        series.length > 1 ? row.name : "",
        withInterval(row, decimals),
        series.length > 1 ? row.series : undefined,
      ]),
    ];
  });
  view.addEventListener("pointerout", () => mark([]));
}

function withInterval(row, decimals) {
  const value = swedish(row.value, decimals);
  return isKnown(row.lower) && isKnown(row.upper)
    ? `${value} (${swedish(row.lower, decimals)}–${swedish(row.upper, decimals)})`
    : value;
}

// Rows of a table as series by area, in the order they come; the nation is what others are held against. `order` names
// areas whose colours stay the same although some have no rows here.
function seriesOf(rows, order = []) {
  const byArea = new Map(order.map((id) => [id, null]));
  for (const row of rows) {
    if (!byArea.get(row.area_id)) byArea.set(row.area_id, { id: row.area_id, name: row.area_name, points: [] });
    byArea.get(row.area_id).points.push({ ...row, broken: Boolean(Number(row.broken)) });
  }
  byArea.forEach((one) => one && one.points.sort((a, b) => a.year - b.year));
  const coloured = [...byArea.keys()].filter((id) => id !== NATION);
  const known = [...byArea.values()].filter(Boolean);
  for (const one of known)
    one.series = one.id === NATION && byArea.size > 1 ? 6 : Math.max(0, coloured.indexOf(one.id)) % 6;
  return known;
}
