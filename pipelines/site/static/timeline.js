// The timeline of events.
// Belongs here: reading of dates, order, the key of shapes. Does not belong here: marks (charts/timeline.py).

// Shapes as in charts/timeline.py; what is not sure is hollow.
const STATUS = {
  proposed: ["circle", true],
  decided: ["diamond", false],
  started: ["triangle-right", false],
  ended: ["square", false],
  cancelled: ["cross", false],
  unknown: ["circle", true],
};
const STATUS_PATHS = { ...PATHS, "triangle-right": "M10 2.4l6.6 3.6-6.6 3.6z" };

// 2020-04-01, 2020-04, 2020 or 2020.25 as a number of years; null for none.
function yearOf(text) {
  const found = /^(\d{4})-(\d{2})(?:-(\d{2}))?/.exec(text ?? "");
  if (!found) return parsed(String(text ?? ""));
  return Number(found[1]) + (Number(found[2]) - 1 + (Number(found[3] || 1) - 1) / 31) / 12;
}

function timelineKey(rows) {
  const words = new Map(rows.map((row) => [row.status, row.said.status]));
  const entry = (status) => {
    const [shape, hollow] = STATUS[status];
    const look = {
      d: STATUS_PATHS[shape],
      fill: hollow ? "var(--surface)" : "var(--accent)",
      stroke: "var(--accent)",
      "stroke-width": 1.5,
    };
    return element(
      "li",
      {},
      drawn("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true" }, drawn("path", look)),
      words.get(status),
    );
  };
  return element(
    "ul",
    { class: "legend" },
    ...Object.keys(STATUS)
      .filter((status) => words.has(status))
      .map(entry),
    ...spanKey(rows),
  );
}

// What the two bars mean, of those that are drawn.
function spanKey(rows) {
  const bar = (width, opacity) => {
    const look = { x1: 1, x2: 25, y1: 6, y2: 6, stroke: "var(--accent)", "stroke-width": width, "stroke-opacity": opacity };
    return drawn("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true" }, drawn("line", look));
  };
  return [
    rows.some((row) => row.to > row.from) && element("li", {}, bar(12, 0.3), "osäkert när"),
    rows.some((row) => row.ended > row.from) && element("li", {}, bar(4, 1), "pågick"),
  ].filter(Boolean);
}

async function timelinePicture({ rows, width }) {
  const [STEP, TOP] = [42, 24];
  const read = rows
    .map((row) => ({
      title: row.title,
      from: yearOf(row.from),
      to: yearOf(row.to),
      ended: yearOf(row.ended),
      status: STATUS[row.status] ? row.status : "unknown",
      said: row.shown,
    }))
    .filter((row) => row.from !== null)
    .sort((a, b) => a.from - b.from);
  if (!read.length) return null;
  const first = Math.floor(Math.min(...read.map((row) => row.from)));
  const last = Math.ceil(Math.max(...read.map((row) => Math.max(row.to ?? row.from, row.ended ?? row.from))) + 0.1);
  const placed = read.map((row, n) => {
    const title = shortened(row.title, width - 30);
    const ends = { to: row.to ?? row.from, ended: row.ended ?? row.from };
    return { ...row, ...ends, y: n * STEP + 32, hollow: STATUS[row.status][1], title, whole: row.title };
  });
  const picture = await draw("timeline", {
    width,
    height: read.length * STEP + TOP,
    padding: { left: 8, right: 18, top: TOP, bottom: 0 },
    data: { rows: placed },
    signals: { first, last, years: ticks(first, last, width - 26) },
  });
  watch(picture.view, (item) => {
    const told = item && item.datum && item.datum.whole && item.datum;
    return (
      told && [
        told.whole,
        [
          [told.said.kind || "", told.said.status],
          ...spansOf(told),
        ],
      ]
    );
  });
  return {
    images: [picture.node],
    above: timelineKey(read),
    summary: `${read.length} händelser, ${Math.floor(read[0].from)}–${Math.floor(read[read.length - 1].from)}.`,
  };
}

function spansOf({ said, from, to, ended }) {
  const began = to > from ? [`osäkert när: ${said.from}`, said.to] : ["", said.from];
  return ended > from ? [began, ["pågick till", said.ended]] : [began];
}

function shortened(text, width) {
  if (textWidth(text, 13) <= width) return text;
  let whole = text;
  while (whole && textWidth(`${whole}…`, 13) > width) whole = whole.slice(0, -1);
  return `${whole.trimEnd()}…`;
}
