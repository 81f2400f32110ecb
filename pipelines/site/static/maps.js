// Maps: Sweden's municipalities and those of Göteborgsregionen, coloured by fifths.
// Belongs here: fifths, key, room for names. Does not belong here: marks (charts/maps.py), outlines (outlines.json).

// Each row's fifth, 0 lowest; equal values are never parted. `ranges` says what each fifth holds.
function fifths(rows) {
  const values = rows
    .map((row) => row.value)
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  const first = new Map();
  values.forEach((value, n) => first.has(value) || first.set(value, n));
  const fifth = (value) => Math.min(4, Math.floor((first.get(value) * 5) / values.length));
  const ranges = [0, 1, 2, 3, 4].map((n) => values.filter((value) => fifth(value) === n));
  return { placed: rows.map((row) => ({ ...row, fifth: row.value === null ? null : fifth(row.value) })), ranges };
}

function swatch(fill) {
  return drawn(
    "svg",
    { width: 22, height: 16, "aria-hidden": "true" },
    drawn("rect", { x: 0.5, y: 0.5, width: 21, height: 15, fill, stroke: "var(--line)" }),
  );
}

const FIFTH_NAMES = ["lägsta femtedelen", "", "mitten", "", "högsta femtedelen"];

function mapKey(ranges, missing, { decimals, unit, polarity }) {
  const entries = ranges.map((values, n) => {
    if (!values.length) return null;
    const [low, high] = [values[0], values[values.length - 1]].map((value) => swedish(value, decimals));
    return element(
      "li",
      {},
      swatch(`var(--seq-${n + 1})`),
      element("span", {}, low === high ? low : `${low}–${high}`, " ", element("small", {}, FIFTH_NAMES[n])),
    );
  });
  if (missing) entries.unshift(element("li", {}, swatch("url(#missing)"), element("span", {}, `Saknas (${missing})`)));
  const judged =
    { higher_better: "Högre är bättre.", lower_better: "Lägre är bättre." }[polarity] ||
    "Ingen bedömning ligger i färgen.";
  return element(
    "div",
    { class: "key" },
    element("p", {}, unit),
    element("ul", {}, ...entries.reverse()),
    element("p", { class: "note" }, judged),
  );
}

// `all` decides the fifths, `rows` are drawn: a region's municipalities have the colours that they have on the nation's map.
async function mapOf(name, { all, rows = all, width, height, decimals, unit, polarity, signals }) {
  const { placed, ranges } = fifths(all);
  const drawn = placed
    .filter(({ area_id }) => rows.some((row) => row.area_id === area_id))
    .map((row) => ({ ...row, name: row.area_name, text: swedish(row.value, decimals) }));
  const picture = await draw(name, { width, height, data: { rows: drawn }, signals });
  watch(picture.view, (item) => {
    const told = item && item.datum && item.datum.name && item.datum;
    return told && [told.name, [[unit, told.fifth === null ? "saknas" : told.text]]];
  });
  const missing = drawn.filter((row) => row.fifth === null).length;
  const summary = rankSummary(ranked(drawn).known, decimals);
  return { images: [picture.node], beside: mapKey(ranges, missing, { decimals, unit, polarity }), summary };
}

async function mapPicture({ rows, width, decimals, unit, polarity }) {
  if (!rows.some((row) => row.value !== null)) return null;
  const height = Math.min(680, width * 1.9);
  return mapOf("sweden", { all: rows, width: height * 0.43, height, decimals, unit, polarity, signals: { thin: 0.4 } });
}

async function regionPicture({ rows: all, width, decimals, unit, polarity }) {
  const rows = all.some((row) => row.group) ? all.filter((row) => row.group) : all;
  if (!rows.some((row) => row.value !== null)) return null;
  const wide = Math.min(width, 620);
  const signals = { thin: 1, size: wide < 480 ? 11 : 13, values: wide >= 480 };
  return mapOf("region", { all, rows, width: wide, height: wide * 1.08, decimals, unit, polarity, signals });
}
