// Vega: one view for one picture, measured texts, and what stands under the pointer.
// Belongs here: what every kind of picture uses. Does not belong here: what a picture shows.

const LOCALE = { number: { decimal: ",", thousands: "\u202f", grouping: [3], currency: ["", "\u00a0kr"], minus: "−" } };
const views = new WeakMap();

function fontOf(node) {
  return getComputedStyle(node).fontFamily || "sans-serif";
}

const canvas = document.createElement("canvas").getContext("2d");

function textWidth(text, size = 13, weight = 400) {
  canvas.font = `${weight} ${size}px ${fontOf(document.body)}`;
  return canvas.measureText(text).width;
}

// d3's form of a number with so many decimals: signals of the specifications carry it.
function form(decimals) {
  return `,.${decimals}f`;
}

// One drawing as wide and high as given, padding within. `data` and `signals` are those that the specification names;
// its expressions are read, never evaluated as code.
async function draw(name, { width, height, padding = {}, data, signals = {} }) {
  const room = { left: 0, right: 0, top: 0, bottom: 0, ...padding };
  const spec = { ...window.nyckeltal_pictures[name] };
  spec.data = spec.data.map((set) => (set.name === "outlines" ? { ...set, values: window.nyckeltal_outlines } : set));
  const font = fontOf(document.body);
  const config = { style: { "guide-label": { font }, text: { font } }, text: { font } };
  const node = element("div", { class: "drawing" });
  const view = new window.vega.View(window.vega.parse(spec, config, { ast: true }), {
    expr: window.vega.expressionInterpreter,
    renderer: "svg",
    container: node,
    hover: false,
    locale: LOCALE,
  });
  view.tooltip(() => {});
  for (const [signal, value] of Object.entries(signals)) view.signal(signal, value);
  for (const [set, values] of Object.entries(data)) view.data(set, values);
  view
    .padding(room)
    .width(width - room.left - room.right)
    .height(height - room.top - room.bottom);
  await view.runAsync();
  // The picture gets one name of its own (figures.js); the library's are English and many.
  for (const attribute of ["role", "aria-label", "aria-roledescription"]) node.removeAttribute(attribute);
  node.querySelector("svg").setAttribute("aria-hidden", "true");
  views.set(node, view);
  return { node, view };
}

function endViews(within) {
  within.querySelectorAll(".drawing").forEach((node) => {
    const view = views.get(node);
    if (view) view.finalize();
  });
}

// The box beside the pointer; one for the page. It says nothing that the table does not say.
let box = null;

function showTip(event, title, lines) {
  box = box || document.body.appendChild(element("div", { class: "tip", "aria-hidden": "true" }));
  const rows = lines.map(([name, value, series]) =>
    element(
      "div",
      { class: "tip-row" },
      series === undefined ? null : sample(series),
      element("span", {}, name),
      element("b", {}, value),
    ),
  );
  box.replaceChildren(element("strong", {}, title), ...rows);
  box.hidden = false;
  const { offsetWidth: w, offsetHeight: h } = box;
  const left = event.clientX + 16 + w > innerWidth ? event.clientX - w - 16 : event.clientX + 16;
  box.style.left = `${Math.max(4, left)}px`;
  box.style.top = `${Math.max(4, Math.min(event.clientY - h / 2, innerHeight - h - 4))}px`;
}

window.addEventListener("scroll", hideTip, { passive: true });

function hideTip() {
  if (box) box.hidden = true;
}

// Room for the words of an axis that goes from one number to another.
function axisRoom(low, high, decimals) {
  return Math.max(...[low, high].map((value) => textWidth(swedish(value, decimals)))) + 10;
}

// How far into the picture, from its left axis on, the pointer is.
function along(view, event) {
  return event.clientX - view.container().querySelector("svg").getBoundingClientRect().left - view.origin()[0];
}

// `under(item, event)` gives [title, lines] for what is pointed at, or null.
function watch(view, under) {
  const look = (event, item) => {
    const found = under(item, event);
    if (found) showTip(event, ...found);
    else hideTip();
  };
  view.addEventListener("pointermove", look);
  view.addEventListener("pointerdown", look);
  view.addEventListener("pointerout", hideTip);
}

// Line patterns and shapes of the series, as in charts/lines.py, for legends.
const DASHES = ["", "7 3", "2 2", "9 3 2 3", "4 4", "12 4", "5 3"];
const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "circle"];

function colour(series) {
  return series === 6 ? "var(--neutral)" : `var(--series-${series + 1})`;
}

function sample(series) {
  const line = drawn("line", {
    x1: 0,
    y1: 6,
    x2: 26,
    y2: 6,
    stroke: colour(series),
    "stroke-width": 2.25,
    "stroke-dasharray": DASHES[series],
  });
  return drawn(
    "svg",
    { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true", class: "sample" },
    line,
    symbol(series),
  );
}

const PATHS = {
  circle: "M13 3a3 3 0 1 0 .01 0",
  square: "M10.3 3.3h5.4v5.4h-5.4z",
  "triangle-up": "M13 2.4l3.4 6.4h-6.8z",
  diamond: "M13 1.8l3.4 4.2-3.4 4.2-3.4-4.2z",
  cross: "M11.8 2.4h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4h2.4z",
  "triangle-down": "M13 9.6l3.4-6.4h-6.8z",
};

function symbol(series) {
  return drawn("path", { d: PATHS[SYMBOLS[series]], fill: colour(series) });
}

// [{series, text}] as a list above the picture.
function legend(entries) {
  return element(
    "ul",
    { class: "legend" },
    ...entries.map(({ series, text }) => element("li", {}, sample(series), text)),
  );
}
