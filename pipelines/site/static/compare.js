// The page Jämför: areas, indicators, years and sex, whose choice lives in the address.
// Belongs here: the choice and what it shows. Does not belong here: drawing (figures.js), rows (areas.js).

const MOST_INDICATORS = 12;

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const list = (name) => [...new Set((given.get(name) || "").split(",").filter(Boolean))];
  const years = (given.get("ar") || "").split("-").map((year) => Number(year) || null);
  return {
    omraden: list("omraden"),
    nyckeltal: list("nyckeltal"),
    ar: [years[0], years[1] ?? null],
    kon: SEXES[given.get("kon")] ? given.get("kon") : "T",
  };
}

function address({ omraden, nyckeltal, ar, kon }) {
  const list = (ids) => ids.map(encodeURIComponent).join(",");
  const years = ar[0] || ar[1] ? `&ar=${ar[0] || ""}-${ar[1] || ""}` : "";
  return `#omraden=${list(omraden)}&nyckeltal=${list(nyckeltal)}${years}&kon=${kon}`;
}

// What is compared of one indicator: the figure that its page would have, with its table and download.
function comparedFigure(id, data, { omraden, ar, kon }) {
  const rows = rowsOf(data, omraden, kon, [ar[0] || -Infinity, ar[1] || Infinity]);
  const given = {
    chart: "serie",
    unit: data.unit,
    decimals: data.decimals,
    polarity: data.polarity,
    areas: omraden.join(","),
    breaks: JSON.stringify(data.breaks || []),
    cites: id,
    sex: kon,
  };
  const attributes = Object.fromEntries(Object.entries(given).map(([name, value]) => [`data-${name}`, value]));
  const title = element("a", { href: `${root}nyckeltal/${encodeURIComponent(id)}.html` }, data.title);
  const without = omraden
    .filter((area) => !rows.some((row) => row.area_id === area))
    .map((area) => areaNames().get(area) || area);
  return element(
    "figure",
    { class: "chart", ...attributes },
    element("figcaption", {}, title, kon === "T" ? "" : `, ${SEXES[kon].toLowerCase()}`),
    element("div", { class: "picture" }),
    without.length ? element("p", { class: "note" }, `Utan värden här: ${without.join(", ")}.`) : null,
    rows.length ? citedBelow(data, [...new Set(rows.map((row) => row.area_id))]) : null,
    comparedTable(id, data, rows),
  );
}

function comparedTable(id, data, rows) {
  const columns = [
    ["area_id", "Kod"],
    ["area_name", "Område"],
    ["year", "År", "number"],
    ["value", data.unit, "number"],
    ...(data.lower
      ? [
          ["lower", "Undre 95 %", "number"],
          ["upper", "Övre 95 %", "number"],
        ]
      : []),
    ["broken", "Brott före"],
  ];
  const head = columns.map(([field, text, type]) =>
    element("th", { scope: "col", "data-field": field, "data-type": type, class: type ? "num" : null }, text),
  );
  const table = element(
    "table",
    { class: "sortable", "data-name": `jamfor-${id}` },
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody"),
  );
  table.tBodies[0].append(...rows.map((row) => tableRow(table, row, data.decimals)));
  const box = element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `Tabell: ${data.title}` },
    table,
  );
  const button = element("button", { type: "button", class: "download" }, "Ladda ner tabellen (CSV)");
  return element("details", { class: "table" }, element("summary", {}, "Visa tabellen"), box, button);
}

// A list of what has been chosen, with a field that adds to it.
function choiceOf(label, free, names, { chosen, change }) {
  const list = element("div");
  const update = () => {
    const entries = chosen().map((id) => ({ id, text: names.get(id) || id }));
    list.replaceChildren(
      chips(`Valda: ${label.toLowerCase()}`, entries, (id) => change(chosen().filter((other) => other !== id))),
    );
  };
  const field = chooser(`Lägg till ${label}`, free, ({ id }) => change([...chosen(), id]));
  return { node: element("div", { class: "choice" }, field, list), update };
}

function selectOf(label, options, value, changed) {
  const entries = options.map(([id, text]) =>
    element("option", { value: id, selected: String(id) === String(value ?? "") }, text),
  );
  return element(
    "label",
    {},
    label,
    " ",
    element("select", { onchange: (event) => changed(event.target.value) }, ...entries),
  );
}

function knownYears() {
  const known = window.nyckeltal_index.indicators.filter(({ first }) => first !== null);
  const [first, last] = [Math.min(...known.map((one) => one.first)), Math.max(...known.map((one) => one.last))];
  return Array.from({ length: last - first + 1 }, (_, n) => [first + n, String(first + n)]);
}

function yearsAndSex(state, change) {
  const years = knownYears();
  const number = (value) => Number(value) || null;
  return [
    selectOf("Från", [["", "första året"], ...years], state.ar[0], (value) =>
      change({ ar: [number(value), state.ar[1]] }),
    ),
    selectOf("Till", [["", "senaste året"], ...years], state.ar[1], (value) =>
      change({ ar: [state.ar[0], number(value)] }),
    ),
    selectOf("Kön", Object.entries(SEXES), state.kon, (kon) => change({ kon })),
  ];
}

async function compared(state) {
  const note = (text) => element("p", { class: "note" }, text);
  if (!state.omraden.length || !state.nyckeltal.length) return [note("Välj minst ett område och ett nyckeltal.")];
  const known = new Set(
    indicatorOptions()
      .filter(({ empty }) => !empty)
      .map(({ id }) => id),
  );
  const one = (id) => {
    if (!known.has(id)) return note(`Nyckeltalet ${id} har inga värden i den här utgåvan.`);
    return figures(id).then(
      (data) => comparedFigure(id, data, state),
      (error) => note(error.message),
    );
  };
  return Promise.all(state.nyckeltal.map(one));
}

function startCompare() {
  const form = document.getElementById("jamfor");
  const result = document.getElementById("jamfor-resultat");
  if (!form || !result || !window.nyckeltal_index) return;
  let state = readAddress();
  let round = 0;
  const change = (part) => {
    state = { ...state, ...part };
    history.replaceState(null, "", address(state));
    show();
  };
  const titles = new Map(indicatorOptions().map(({ id, text }) => [id, text]));
  const freeIndicators = () =>
    state.nyckeltal.length < MOST_INDICATORS
      ? indicatorOptions().filter(({ id, empty }) => !empty && !state.nyckeltal.includes(id))
      : [];
  const areas = choiceOf("område", () => freeAreas(state.omraden), areaNames(), {
    chosen: () => state.omraden,
    change: (omraden) => change({ omraden }),
  });
  const indicators = choiceOf("nyckeltal", freeIndicators, titles, {
    chosen: () => state.nyckeltal,
    change: (nyckeltal) => change({ nyckeltal }),
  });
  const more = element("div", { class: "choice" });
  form.append(element("div", { class: "choices" }, areas.node, indicators.node, more));
  form.addEventListener("submit", (event) => event.preventDefault());

  const show = async () => {
    const mine = (round += 1);
    areas.update();
    indicators.update();
    if (!more.contains(document.activeElement)) more.replaceChildren(...yearsAndSex(state, change));
    const made = await compared(state);
    if (mine !== round) return;
    endViews(result);
    result.replaceChildren(...made);
    startTables(result);
    startFigures(result);
  };
  window.addEventListener("hashchange", () => {
    state = readAddress();
    show();
  });
  show();
}
