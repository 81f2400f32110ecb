// Areas that a reader adds to a figure of series: their rows go into its table, from which it is drawn.
// Belongs here: rows taken out of an indicator's own file, as the pages write them. Does not belong here: drawing.

const MOST_AREAS = 6; // as many as there are colours; the nation comes beside

// Rows of some areas out of an indicator's file, between two years; none where there is no value.
function rowsOf(data, areas, sex, [first, last] = [-Infinity, Infinity]) {
  const names = areaNames();
  const breaks = new Set((data.breaks || []).map(({ year }) => year));
  const number = (kind, area, year) => data[kind]?.[sex]?.[area]?.[year] ?? null;
  return areas.flatMap((area_id) => {
    const area = data.areas.indexOf(area_id);
    const row = (year, n) => ({
      year,
      area_id,
      area_name: names.get(area_id) || area_id,
      value: number("value", area, n),
      lower: number("lower", area, n),
      upper: number("upper", area, n),
      broken: breaks.has(year) ? "1" : "",
    });
    return data.years.map(row).filter(({ year, value }) => value !== null && year >= first && year <= last);
  });
}

// A cell as the pages write it: the raw number beside the shown one.
function cellOf(field, value, decimals) {
  if (field === "area_name") return element("th", { scope: "row" }, value);
  if (!["value", "lower", "upper"].includes(field)) return element("td", {}, String(value ?? ""));
  return element("td", { "data-value": value ?? "", class: "num" }, swedish(value, decimals));
}

// Those that may be chosen beside what is chosen already.
function freeAreas(chosen, data) {
  const full = chosen.filter((id) => id !== NATION).length >= MOST_AREAS;
  return areaOptions().filter(
    ({ id }) => !chosen.includes(id) && !(full && id !== NATION) && (!data || data.areas.includes(id)),
  );
}

function addAreaChooser(figure) {
  const table = figure.querySelector("table");
  const { indicator, decimals = "0", sex = "T" } = figure.dataset;
  const own = [...new Set(readTable(table).map((row) => row.area_id))];
  const added = new Map();
  const list = element("div");
  let data = null;

  const show = () => {
    const entries = [...added].map(([id, { text }]) => ({ id, text }));
    list.replaceChildren(chips("Tillagda områden", entries, remove));
    return drawFigure(figure);
  };
  const remove = (id) => {
    added.get(id).rows.forEach((row) => row.remove());
    added.delete(id);
    show();
  };
  const add = async ({ id, text }) => {
    data = data || (await figures(indicator));
    const rows = rowsOf(data, [id], sex).map((row) => tableRow(table, row, Number(decimals)));
    table.tBodies[0].append(...rows);
    added.set(id, { text, rows });
    return show();
  };
  const field = chooser("Lägg till område", () => freeAreas([...own, ...added.keys()], data), add);
  field.addEventListener("focusin", () => figures(indicator).then((found) => (data = found)), { once: true });
  figure.querySelector(".picture").before(element("div", { class: "choosing" }, field, list));
}

// One row in the columns that a table has.
function tableRow(table, row, decimals) {
  const cells = [...table.tHead.rows[0].cells].map((head) =>
    cellOf(head.dataset.field, row[head.dataset.field], decimals),
  );
  return element("tr", {}, ...cells);
}
