// Figures: each picture is drawn from the table in its own figure (or, by `data-from`, in another) when it is about to be
// seen, and again in a new width.
// Belongs here: when and where something is drawn. Does not belong here: how (lines.js, bars.js, maps.js, timeline.js).

const HEIGHT = 340;

async function seriesPicture({ rows, width, unit, decimals, figure }) {
  const series = seriesOf(rows, coloursOf(figure, rows));
  const { events = "[]", breaks = "[]" } = figure.dataset;
  const height = width < WIDE ? 280 : HEIGHT;
  const made = await drawLines({
    series,
    events: JSON.parse(events),
    breaks: JSON.parse(breaks),
    unit,
    decimals,
    width,
    height,
  });
  if (!made) return null;
  const above = made.legend ? legend(series.map(({ series, name }) => ({ series, text: name }))) : null;
  return { images: [made.node], above, below: made.key, summary: seriesSummary(series, decimals) };
}

// The order of areas decides their colours. It is kept when the table is sorted otherwise; `data-areas` says it beforehand.
function coloursOf(figure, rows) {
  if (figure.dataset.areas) return figure.dataset.areas.split(",");
  const present = new Set(rows.map((row) => row.area_id));
  const kept = (figure.colours || []).filter((id) => present.has(id));
  figure.colours = [...new Set([...kept, ...present])];
  return figure.colours;
}

function seriesSummary(series, decimals) {
  const told = series.slice(0, 4).map(({ name, points }) => {
    const known = points.filter((point) => point.value !== null);
    if (!known.length) return `${name}: inga värden`;
    const [first, last] = [known[0], known[known.length - 1]];
    return `${name}: ${swedish(first.value, decimals)} år ${first.year}, ${swedish(last.value, decimals)} år ${last.year}`;
  });
  return `${told.join(". ")}.`;
}

// What was beside what could have been; where a study estimates only the difference, that.
function effectSeries(rows) {
  const at = (row) => row.year ?? row.since;
  const points = (value, interval) => rows.map((row) => ({ year: at(row), value: value(row), ...interval(row) }));
  // The table's interval is that of the difference, so that what could have been lies as far from what was.
  const away = ({ observed }, edge) => (isKnown(observed) && isKnown(edge) ? observed - edge : null);
  const around = (row) => ({ lower: away(row, row.upper), upper: away(row, row.lower) });
  const all = [
    { id: "without", name: "Utan förändringen", series: 6, points: points((row) => row.counterfactual, around) },
    {
      id: "observed",
      name: "Verklig",
      series: 0,
      points: points(
        (row) => row.observed,
        () => ({}),
      ),
    },
  ].filter((one) => one.points.some(({ value }) => isKnown(value)));
  const between = ({ lower, upper }) => ({ lower, upper });
  return all.length
    ? all
    : [{ id: "gap", name: "Skillnad", series: 0, points: points((row) => row.gap ?? null, between) }];
}

async function effectPicture({ rows, width, unit, decimals }) {
  const series = effectSeries(rows);
  const after = rows.filter((row) => Number(row.is_after)).map((row) => row.year ?? row.since);
  const title = "Efter förändringen";
  const events = after.length ? [{ from: Math.min(...after) - 0.5, to: Math.max(...after) + 0.5, title }] : [];
  const made = await drawLines({ series, events, unit, decimals, width, height: width < WIDE ? 280 : HEIGHT });
  if (!made) return null;
  const entries = [...series].reverse().map(({ series, name }) => ({ series, text: name }));
  const notes = [
    series[0].id === "gap" && "Skillnaden mot jämförelsen, med 95 procents intervall.",
    rows.every((row) => !isKnown(row.year)) && "År räknade från förändringen.",
  ].filter(Boolean);
  const below = notes.length ? element("p", { class: "note" }, notes.join(" ")) : null;
  return {
    images: [made.node],
    above: made.legend ? legend(entries) : null,
    below,
    summary: seriesSummary(series, decimals),
  };
}

async function multiplesPicture({ rows, width, unit, decimals }) {
  const all = seriesOf(rows);
  const nation = all.find(({ id }) => id === NATION);
  const own = all.filter(({ id }) => id !== NATION);
  const points = all.flatMap((one) => one.points);
  const years = points.filter(({ value }) => value !== null).map(({ year }) => year);
  if (!years.length) return null;
  const columns = Math.max(2, Math.min(5, Math.floor(width / 190)));
  const inside = (width - (columns - 1) * 20) / columns;
  const domain = bounds(points, unit);
  const panels = own.map(async (one) => {
    const series = nation
      ? [
          { ...nation, series: 6 },
          { ...one, series: 0 },
        ]
      : [{ ...one, series: 0 }];
    const made = await drawLines({ series, unit, decimals, width: inside, height: 130, small: true, domain, years });
    const known = one.points.filter(({ value }) => value !== null);
    const newest = known[known.length - 1];
    const value = newest ? `${swedish(newest.value, decimals)} (${newest.year})` : "saknas";
    return element(
      "div",
      { class: "multiple" },
      element("p", {}, element("b", {}, one.name), " ", element("span", {}, value)),
      made ? made.node : "",
    );
  });
  const grid = element("div", { class: "multiples", style: `--columns: ${columns}` }, ...(await Promise.all(panels)));
  grid.style.setProperty("--columns", columns);
  const above = legend([{ series: 0, text: "Kommunen" }, ...(nation ? [{ series: 6, text: nation.name }] : [])]);
  return { images: [grid], above, summary: seriesSummary(own, decimals) };
}

const PICTURES = {
  serie: seriesPicture,
  rang: rankPicture,
  karta: mapPicture,
  karta_gr: regionPicture,
  multiplar: multiplesPicture,
  effekt: effectPicture,
  staplar: barPicture,
  tidslinje: timelinePicture,
};

function image(node, name) {
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", name);
  return node;
}

function nameOf(figure, summary) {
  const caption = figure.querySelector("figcaption");
  return [caption && caption.textContent.trim(), figure.dataset.summary || summary]
    .filter(Boolean)
    .join(". ")
    .replace(/\s+/g, " ");
}

async function drawFigure(figure) {
  const place = figure.querySelector(".picture");
  const table = figure.querySelector("table") || document.getElementById(figure.dataset.from)?.querySelector("table");
  const { chart, unit = "", decimals = "0", polarity = "" } = figure.dataset;
  const width = Math.floor(place.clientWidth);
  if (!table || !width || !PICTURES[chart]) return;
  figure.drawnWidth = width;
  const round = (figure.round = (figure.round || 0) + 1);
  const rows = readTable(table);
  const made = await PICTURES[chart]({ rows, width, unit, decimals: Number(decimals), polarity, figure });
  if (round !== figure.round) return; // drawn anew meanwhile
  endViews(place);
  if (!made) {
    place.replaceChildren(element("p", { class: "note" }, "Det finns inga värden att rita."));
    return;
  }
  const { images, above, beside, below, summary, controls = [] } = made;
  const name = nameOf(figure, summary);
  images.forEach((node, n) => node.getAttribute("role") || image(node, n ? `${name} Lista.` : name));
  const unitLine = unit && !beside ? element("p", { class: "unit" }, unit) : null;
  const parts = [...controls, above, unitLine, ...images, beside, below].filter(Boolean);
  place.classList.toggle("with-key", Boolean(beside));
  place.replaceChildren(...parts);
  place.dataset.drawn = String(Number(place.dataset.drawn || 0) + 1);
}

function redraw(figure, state = {}) {
  const focused =
    document.activeElement && figure.contains(document.activeElement) && document.activeElement.textContent;
  Object.assign(figure.dataset, state);
  return drawFigure(figure).then(() => {
    if (!focused || figure.contains(document.activeElement)) return;
    const same = [...figure.querySelectorAll(".picture button")].find((button) => button.textContent === focused);
    if (same) same.focus();
  });
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      widths.observe(target.querySelector(".picture"));
    }
  },
  { rootMargin: "300px" },
);

// The first report comes when a picture is first seen, the others when its width changes.
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const figure = target.closest("figure");
    if (figure && Math.floor(target.clientWidth) !== figure.drawnWidth) drawFigure(figure);
  }
});

function startFigures(within) {
  if (!window.vega || !window.nyckeltal_pictures) return;
  document.documentElement.classList.add("with-pictures");
  if (!document.getElementById("missing")) document.body.append(hatching());
  within.querySelectorAll("figure.chart[data-chart]").forEach((figure) => {
    if (figure.dataset.chart === "serie" && figure.dataset.indicator) addAreaChooser(figure);
    seen.observe(figure);
  });
}

// On paper everything is seen.
function beforePrinting() {
  document.querySelectorAll("figure.chart[data-chart]").forEach((figure) => figure.drawnWidth || drawFigure(figure));
}

function hatching() {
  const pattern = drawn("pattern", {
    id: "missing",
    width: 5,
    height: 5,
    patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)",
  });
  pattern.append(
    drawn("rect", { width: 5, height: 5, fill: "var(--surface)" }),
    drawn("rect", { width: 1.5, height: 5, fill: "var(--missing)" }),
  );
  return drawn("svg", { width: 0, height: 0, "aria-hidden": "true", class: "patterns" }, drawn("defs", {}, pattern));
}
