// Tables: read as rows, sorted by a click, downloaded as CSV.
// Belongs here: what is done with a table that stands in the page. Does not belong here: pictures.

function heads(table) {
  return [...table.querySelectorAll("thead th[data-field]")];
}

function isNumber(head) {
  return head.dataset.type === "number";
}

// What a cell says, raw: a number or null in columns of numbers, else text.
function rawOf(cell, head) {
  const text = cell.dataset.value ?? cell.textContent.trim();
  return isNumber(head) ? parsed(text) : text;
}

// The rows as objects by field; `shown` holds the cells' texts.
function readTable(table) {
  const columns = heads(table).map((head) => [head, head.cellIndex]);
  return [...table.tBodies[0].rows].map((row) => {
    const read = { shown: {} };
    for (const [head, at] of columns) {
      read[head.dataset.field] = rawOf(row.cells[at], head);
      read.shown[head.dataset.field] = row.cells[at].textContent.trim();
    }
    return read;
  });
}

// What a spreadsheet would take for a formula, for a date or for a number without its zeros.
const MISREAD = /^[=+\-@\t\r]|^\d+([-/:.]\d+)+$|^0\d+$/;

// A cell of a CSV file for a Swedish spreadsheet: decimal comma, codes of areas as all CSV of a release has them
// (SE_0180), and no text that would be taken for anything else.
function csvCell(value, head) {
  if (value === null || value === "") return "";
  if (head && isNumber(head)) return String(value).replace(".", ",");
  if (head && head.dataset.field === "area_id") return value.replace(/^(\d+)$/, "SE_$1");
  const isPlainNumber = parsed(value) !== null && !/^0\d/.test(value);
  const safe = MISREAD.test(value) && !isPlainNumber ? `'${value}` : value;
  return /[";\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

async function csvOf(table) {
  const columns = heads(table);
  const fields = columns.map((head) => head.dataset.field);
  const beside = (await citation(table.closest("figure"))).filter(([name]) => !fields.includes(name));
  const lines = [[...fields, ...beside.map(([name]) => name)]];
  readTable(table).forEach((row) => {
    const own = columns.map((head) => csvCell(row[head.dataset.field], head));
    lines.push([...own, ...beside.map(([, of]) => csvCell(of(row)))]);
  });
  return `\ufeff${lines.map((line) => line.join(";")).join("\r\n")}\r\n`;
}

async function download(table) {
  const href = URL.createObjectURL(new Blob([await csvOf(table)], { type: "text/csv;charset=utf-8" }));
  const link = element("a", { href, download: `${table.dataset.name || "tabell"}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 10000);
}

function tableOf(button) {
  const box = button.closest("figure, details, section, main");
  return box && box.querySelector("table");
}

// Rows in the order of one column; cells without a value stand last whichever way.
function sortBy(table, head, direction) {
  const keyed = [...table.tBodies[0].rows].map((row) => [rawOf(row.cells[head.cellIndex], head), row]);
  const empty = (value) => value === null || value === "" || value === "–";
  const order = (a, b) => (isNumber(head) ? a - b : a.localeCompare(b, "sv", { numeric: true }));
  keyed.sort(([a], [b]) => {
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    return direction === "ascending" ? order(a, b) : -order(a, b);
  });
  table.tBodies[0].append(...keyed.map(([, row]) => row));
  for (const other of heads(table)) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
}

function makeSortable(table) {
  for (const head of heads(table)) {
    if (head.querySelector("button")) continue;
    // A head that is a link stays one, with the button beside it.
    const words = head.querySelector("a") ? [] : [...head.childNodes];
    const named = words.length ? {} : { "aria-label": `Sortera efter ${head.textContent.trim()}` };
    const button = element("button", { type: "button", class: "sort", ...named }, ...words);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const first = isNumber(head) ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      sortBy(table, head, now === first ? other : first);
    });
    head.append(button);
  }
}

function startTables(within) {
  within.querySelectorAll("table.sortable").forEach(makeSortable);
  within.querySelectorAll("button.download").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const table = tableOf(button);
      if (table) download(table);
    });
  });
}
