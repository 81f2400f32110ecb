// What every part of the script uses: making elements, Swedish numbers, folding of letters, the site's files.
// Belongs here: what knows nothing of tables or pictures.

const root = document.documentElement.dataset.root || "";

// An element with attributes and children; texts are never read as HTML.
function element(kind, attributes = {}, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

function drawn(kind, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// 290 766 or 12,3, with narrow spaces that never break; an en dash where there is no value. Rounded as `rounded` of
// pipelines/text/swedish_numbers.py does it: the number as it is written (hence its text), a half away from zero, no sign
// before nothing.
function swedish(value, decimals = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const form = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const text = new Intl.NumberFormat("sv-SE", form).format(String(value)).replace(/\u00a0/g, "\u202f");
  return /[1-9∞]/.test(text) ? text : text.replace("−", "");
}

// The number in a cell's text; null where there is none.
function parsed(text) {
  const plain = text
    .replace(/[\s\u00a0\u202f]/g, "")
    .replace("−", "-")
    .replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

// What shows nothing or looks like a blank, as in pipelines/text/normalise.py.
const UNSEEN = /[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\ufe00-\ufe0f\u{e0000}-\u{e0fff}]/gu;
const BLANKS = /[\s\u001c-\u001f\u0085\u2800\u3164\uffa0]+/gu;

// A text with composed letters, nothing unseen, and every run of blanks one blank.
function plainText(text) {
  return text.replace(UNSEEN, "").replace(BLANKS, " ").trim().normalize("NFC");
}

// "Hemtjänst" and "hemtjanst" become the same: `folded` of pipelines/text/normalise.py.
function folded(text) {
  return plainText(text).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

// How well a text answers what was typed: every word must stand in it; beginnings of words count most, and dots and rings
// a little where they were typed; 0 is not at all.
function likeness(text, typed) {
  const words = folded(typed).split(/\s+/).filter(Boolean);
  const plain = plainText(typed).toLowerCase();
  const exact = plain !== folded(plain) && text.toLowerCase().includes(plain) ? 0.5 : 0;
  const where = folded(text);
  let sum = 0;
  for (const word of words) {
    const at = where.indexOf(word);
    if (at < 0) return 0;
    sum += at === 0 ? 3 : /[\s(\-–,]/.test(where[at - 1]) || where.includes(` ${word}`) ? 2 : 1;
  }
  return words.length ? sum / words.length + exact : 0;
}

const waiting = new Map();

// All values of one indicator, from a script of its own: files opened from a folder may load nothing else.
function figures(id) {
  const known = window.nyckeltal_data && window.nyckeltal_data[id];
  if (known) return Promise.resolve(known);
  if (!waiting.has(id)) {
    waiting.set(
      id,
      new Promise((resolve, reject) => {
        const failed = () => {
          waiting.delete(id);
          reject(new Error(`Värdena för ${id} kunde inte läsas.`));
        };
        const done = () =>
          window.nyckeltal_data && window.nyckeltal_data[id] ? resolve(window.nyckeltal_data[id]) : failed();
        const src = `${root}data/${encodeURIComponent(id)}.js`;
        document.head.append(element("script", { src, onload: done, onerror: failed }));
      }),
    );
  }
  return waiting.get(id);
}

function areaNames() {
  return new Map(((window.nyckeltal_index || {}).areas || []).map((area) => [area.id, area.name]));
}
