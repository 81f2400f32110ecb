// The timeline of events.
// Belongs here: reading of dates, order, the key of shapes. Does not belong here: marks (charts/timeline.py).

const STATUS = {
  proposed: ["föreslagen", "circle", true],
  decided: ["beslutad", "diamond", false],
  started: ["påbörjad", "triangle-right", false],
  ended: ["avslutad", "square", false],
  cancelled: ["inställd", "cross", false],
  unknown: ["okänt", "circle", true],
};
const STATUS_PATHS = { ...PATHS, "triangle-right": "M10 2.4l6.6 3.6-6.6 3.6z" };

// 2020-04-01, 2020-04, 2020 or 2020.25 as a number of years; null for none.
function yearOf(text) {
  const found = /^(\d{4})-(\d{2})(?:-(\d{2}))?/.exec(text ?? "");
  if (!found) return parsed(String(text ?? ""));
  return Number(found[1]) + (Number(found[2]) - 1 + (Number(found[3] || 1) - 1) / 31) / 12;
}

function statusOf(text) {
  const word = folded(text || "");
  const known = Object.keys(STATUS).find((status) => status === word || folded(STATUS[status][0]) === word);
  return known || "unknown";
}

function statusKey(rows) {
  const used = Object.keys(STATUS).filter((status) => rows.some((row) => row.status === status));
  const entry = (status) => {
    const [words, shape, hollow] = STATUS[status];
    const look = { d: STATUS_PATHS[shape], fill: hollow ? "var(--surface)" : "var(--accent)", stroke: "var(--accent)", "stroke-width": 1.5 };
    return element("li", {}, drawn("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true" }, drawn("path", look)), words);
  };
  return element("ul", { class: "legend" }, ...used.map(entry));
}

async function timelinePicture({ rows, width }) {
  const [STEP, TOP] = [42, 24];
  const read = rows
    .map((row) => ({ title: row.title, from: yearOf(row.from), to: yearOf(row.to), kind: row.shown.kind, status: statusOf(row.status), dates: row.shown }))
    .filter((row) => row.from !== null)
    .sort((a, b) => a.from - b.from);
  if (!read.length) return null;
  const first = Math.floor(Math.min(...read.map((row) => row.from)));
  const last = Math.ceil(Math.max(...read.map((row) => row.to ?? row.from)) + 0.1);
  const placed = read.map((row, n) => {
    const title = shortened(row.title, width - 30);
    return { ...row, y: n * STEP + 32, to: row.to ?? row.from, hollow: STATUS[row.status][2], title, whole: row.title };
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
    return told && [told.whole, [[told.kind || "", STATUS[told.status][0]], [told.dates.from, told.dates.to || ""]]];
  });
  return { images: [picture.node], above: statusKey(read), summary: `${read.length} händelser, ${Math.floor(read[0].from)}–${Math.floor(read[read.length - 1].from)}.` };
}

function shortened(text, width) {
  if (textWidth(text, 13) <= width) return text;
  let whole = text;
  while (whole && textWidth(`${whole}…`, 13) > width) whole = whole.slice(0, -1);
  return `${whole.trimEnd()}…`;
}
