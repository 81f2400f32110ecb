// Choosing areas: in a figure of series, and on the page Jämför, whose choice lives in the address.
// Belongs here: rows taken out of an indicator's own file. Does not belong here: drawing (figures.js).

const SEXES = { T: "Totalt", K: "Kvinnor", M: "Män" };
const MOST_AREAS = 6;

// Rows of some areas out of an indicator's file, between two years.
function rowsOf(data, areas, sex, [first, last] = [-Infinity, Infinity]) {
  const names = areaNames();
  const series = (kind, at, n) => (data[kind] && data[kind][sex] ? (data[kind][sex][at] || [])[n] ?? null : null);
  const breaks = new Set((data.breaks || []).map(({ year }) => year));
  return areas.flatMap((area_id) => {
    const at = data.areas.indexOf(area_id);
    if (at < 0 || !data.value[sex]) return [];
    return data.years.flatMap((year, n) => {
      const value = series("value", at, n);
      if (value === null || year < first || year > last) return [];
      const [lower, upper] = [series("lower", at, n), series("upper", at, n)];
      return [{ year, area_id, area_name: names.get(area_id) || area_id, value, lower, upper, broken: breaks.has(year) ? "1" : "" }];
    });
  });
}

// One cell as the pages write them: the raw value beside the shown one.
function cellOf(field, value, decimals) {
  if (["value", "lower", "upper"].includes(field)) return element("td", { "data-value": value ?? "", class: "number" }, swedish(value, decimals));
  if (field === "area_name") return element("th", { scope: "row" }, value);
  return element("td", {}, String(value ?? ""));
}

function addAreaChooser(figure) {
  const table = figure.querySelector("table");
  const { indicator, decimals = "0" } = figure.dataset;
  const fields = heads(table).map((head) => head.dataset.field);
  const own = new Set(readTable(table).map((row) => row.area_id));
  const added = new Map();
  const place = element("div", { class: "chosen" });
  let data = null;

  const remove = (id) => {
    added.get(id).rows.forEach((row) => row.remove());
    added.delete(id);
    update();
  };
  const update = () => {
    place.replaceChildren(chips("Tillagda områden", [...added].map(([id, { text }]) => ({ id, text })), remove));
    return drawFigure(figure);
  };
  const add = async ({ id, text }) => {
    data = data || (await figures(indicator));
    const columns = table.tHead.rows[0].cells.length;
    const rows = rowsOf(data, [id], figure.dataset.sex || "T").map((row) => {
      const cells = new Array(columns).fill(null).map(() => element("td"));
      heads(table).forEach((head, n) => (cells[head.cellIndex] = cellOf(fields[n], row[fields[n]], Number(decimals))));
      return element("tr", {}, ...cells);
    });
    table.tBodies[0].append(...rows);
    added.set(id, { text, rows });
    return update();
  };
  const free = () => {
    const room = own.size + added.size < MOST_AREAS + 1;
    return room ? areaOptions().filter(({ id }) => !own.has(id) && !added.has(id) && (!data || data.areas.includes(id))) : [];
  };
  const field = chooser("Lägg till område", free, add);
  field.addEventListener("focusin", () => figures(indicator).then((found) => (data = found)), { once: true });
  figure.querySelector(".picture").before(element("div", { class: "choosing" }, field, place));
}

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const list = (name) => (given.get(name) || "").split(",").filter(Boolean);
  const [first, last] = (given.get("ar") || "").split("-").map(Number);
  return { omraden: list("omraden"), nyckeltal: list("nyckeltal"), ar: [first || null, last || null], kon: SEXES[given.get("kon")] ? given.get("kon") : "T" };
}

function address({ omraden, nyckeltal, ar, kon }) {
  const years = ar[0] || ar[1] ? `&ar=${ar[0] || ""}-${ar[1] || ""}` : "";
  return `#omraden=${omraden.map(encodeURIComponent).join(",")}&nyckeltal=${nyckeltal.map(encodeURIComponent).join(",")}${years}&kon=${kon}`;
}

function selectOf(label, options, value, changed) {
  const list = element("select", { onchange: (event) => changed(event.target.value) }, ...options.map(([id, text]) => element("option", { value: id, selected: String(id) === String(value ?? "") }, text)));
  return element("label", {}, label, " ", list);
}

function tableFigure(id, data, state) {
  const rows = rowsOf(data, state.omraden, state.kon, [state.ar[0] || -Infinity, state.ar[1] || Infinity]);
  const columns = [["area_id", "Kod"], ["area_name", "Område"], ["year", "År", true], ["value", data.unit, true], ["lower", "Undre 95 %", true], ["upper", "Övre 95 %", true], ["broken", "Brott före"]];
  const used = columns.filter(([field]) => !["lower", "upper"].includes(field) || data[field]);
  const head = used.map(([field, text, number]) => element("th", { scope: "col", "data-field": field, "data-type": number ? "number" : null }, text));
  const body = rows.map((row) => element("tr", {}, ...used.map(([field]) => cellOf(field, row[field], data.decimals))));
  const table = element("table", { class: "sortable", "data-name": `jamfor-${id}` }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
  const without = state.omraden.filter((area) => !rows.some((row) => row.area_id === area)).map((area) => areaNames().get(area) || area);
  return element(
    "figure",
    { class: "chart", "data-chart": "serie", "data-unit": data.unit, "data-decimals": data.decimals, "data-polarity": data.polarity, "data-breaks": JSON.stringify(data.breaks || []) },
    element("figcaption", {}, element("a", { href: `${root}nyckeltal/${encodeURIComponent(id)}.html` }, data.title), state.kon === "T" ? "" : `, ${SEXES[state.kon].toLowerCase()}`),
    element("div", { class: "picture" }),
    without.length ? element("p", { class: "note" }, `Utan värden här: ${without.join(", ")}.`) : null,
    element(
      "details",
      { class: "table" },
      element("summary", {}, "Visa tabell"),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Tabell: ${data.title}` }, table),
      element("button", { type: "button", class: "download" }, "Ladda ner tabellen (CSV)"),
    ),
  );
}

function startCompare() {
  const form = document.getElementById("jamfor");
  const result = document.getElementById("jamfor-resultat");
  if (!form || !result || !window.nyckeltal_index) return;
  const titles = new Map(indicatorOptions().map(({ id, text }) => [id, text]));
  const fields = element("div", { class: "choices" });
  form.append(fields);
  form.addEventListener("submit", (event) => event.preventDefault());
  let state = readAddress();
  let round = 0;

  const change = (part) => {
    state = { ...state, ...part };
    history.replaceState(null, "", address(state));
    show();
  };
  const toggle = (name, id) => change({ [name]: state[name].includes(id) ? state[name].filter((other) => other !== id) : [...state[name], id] });
  const choose = (name, label, options, names, most) => {
    const free = () => (state[name].length < most ? options().filter(({ id, empty }) => !empty && !state[name].includes(id)) : []);
    const list = element("div");
    const update = () => list.replaceChildren(chips(`Valda: ${label}`, state[name].map((id) => ({ id, text: names().get(id) || id })), (id) => toggle(name, id)));
    return { node: element("div", { class: "choice" }, chooser(label, free, ({ id }) => toggle(name, id)), list), update };
  };
  const areas = choose("omraden", "Lägg till område", areaOptions, areaNames, MOST_AREAS + 1);
  const indicators = choose("nyckeltal", "Lägg till nyckeltal", indicatorOptions, () => titles, 12);
  const more = element("div", { class: "choice" });
  fields.append(areas.node, indicators.node, more);

  const years = () => {
    const all = ((window.nyckeltal_index || {}).indicators || []).filter(({ first }) => first !== null);
    const [first, last] = [Math.min(...all.map((i) => i.first)), Math.max(...all.map((i) => i.last))];
    return Array.from({ length: last - first + 1 }, (_, n) => [first + n, String(first + n)]);
  };
  const showMore = () =>
    more.replaceChildren(
      selectOf("Från", [["", "första året"], ...years()], state.ar[0], (value) => change({ ar: [Number(value) || null, state.ar[1]] })),
      selectOf("Till", [["", "senaste året"], ...years()], state.ar[1], (value) => change({ ar: [state.ar[0], Number(value) || null] })),
      selectOf("Kön", Object.entries(SEXES), state.kon, (kon) => change({ kon })),
    );
  const show = async () => {
    const mine = (round += 1);
    areas.update();
    indicators.update();
    showMore();
    if (!state.omraden.length || !state.nyckeltal.length) {
      result.replaceChildren(element("p", { class: "note" }, "Välj minst ett område och ett nyckeltal."));
      return;
    }
    const loaded = await Promise.allSettled(state.nyckeltal.map(figures));
    if (mine !== round) return;
    endViews(result);
    result.replaceChildren(
      ...loaded.map(({ value, reason }, n) => (value ? tableFigure(state.nyckeltal[n], value, state) : element("p", { class: "note" }, reason.message))),
    );
    startTables(result);
    startFigures(result);
  };
  window.addEventListener("hashchange", () => {
    state = readAddress();
    show();
  });
  show();
}
