// Search as you type over areas and indicators, and the chooser that the pictures and Jämför use.
// Belongs here: fields that one types in. Does not belong here: what is done with what was chosen.

const KINDS = { municipality: "Kommun", county: "Län", region: "Region", group: "Grupp", nation: "Riket" };

// What people call things, and what they are called here.
const SYNONYMS = {
  säbo: "särskilt boende",
  hsl: "hälso- och sjukvård",
  äo: "äldreomsorg",
  ssk: "sjuksköterska",
  usk: "undersköterska",
  gbg: "göteborg",
  sthlm: "stockholm",
};
const AS_FOLDED = new Map(Object.entries(SYNONYMS).map(([short, whole]) => [folded(short), whole]));

function spelledOut(typed) {
  return typed
    .split(/\s+/)
    .map((word) => AS_FOLDED.get(folded(word)) || word)
    .join(" ");
}

// All that answer what was typed, as it stands or spelled out, the most alike first.
function ranking(options, typed) {
  const whole = spelledOut(typed);
  const score = (words) => Math.max(likeness(words, typed), whole === typed ? 0 : likeness(words, whole));
  return options
    .map((option) => [score(option.words || option.text), option])
    .filter(([score]) => score > 0)
    .sort((a, b) => b[0] - a[0] || a[1].text.length - b[1].text.length || a[1].text.localeCompare(b[1].text, "sv"))
    .map(([, option]) => option);
}

// The words that are most like a typed word which nothing holds: pairs of letters that both have.
function nearWords(options, typed) {
  const pairs = (word) => new Set([...word].slice(1).map((letter, n) => word[n] + letter));
  const near = (typedWord) => {
    const wanted = pairs(folded(typedWord));
    let best = [0.5, ""];
    for (const option of options)
      for (const word of option.text.toLowerCase().split(/[^\p{L}\d]+/u)) {
        const has = pairs(folded(word));
        const both = [...wanted].filter((pair) => has.has(pair)).length;
        const alike = (2 * both) / (wanted.size + has.size || 1);
        if (alike > best[0]) best = [alike, word];
      }
    return best[1];
  };
  const words = typed.split(/[^\p{L}\d_]+/u).filter((word) => word.length > 2);
  const unknown = words.filter((word) => !ranking(options, word).length);
  return [...new Set(unknown.map(near).filter(Boolean))];
}

function told(shown, all, near = []) {
  if (!all) return near.length ? `Inga träffar. Menade du ${near.join(", ")}?` : "Inga träffar";
  if (shown < all) return `Visar ${shown} av ${all} träffar`;
  return all === 1 ? "1 träff" : `${all} träffar`;
}

function areaOptions() {
  const areas = (window.nyckeltal_index || {}).areas || [];
  return areas.map(({ id, name, type, also = "" }) => {
    const words = `${name} ${id} ${id.replace(/^0+/, "")} ${also}`; // a spreadsheet takes the zeros away
    return { id, text: name, words, kind: KINDS[type] || "" };
  });
}

function indicatorOptions() {
  const indicators = (window.nyckeltal_index || {}).indicators || [];
  return indicators.map(({ id, title, theme, first, series }) => {
    return {
      id,
      text: title,
      words: `${title} ${theme} ${id} ${id.replaceAll("_", " ")} ${series}`,
      kind: first === null ? "Nyckeltal, inga värden än" : "Nyckeltal",
      empty: first === null,
    };
  });
}

function startSearch() {
  const field = document.getElementById("sok");
  const list = document.getElementById("sok-traffar");
  if (!field || !list || !window.nyckeltal_index) return;
  const all = [
    ...areaOptions().map((option) => ({ ...option, href: `${root}omrade/${encodeURIComponent(option.id)}.html` })),
    ...indicatorOptions().map((option) => ({
      ...option,
      href: `${root}nyckeltal/${encodeURIComponent(option.id)}.html`,
    })),
  ];
  const said = element("p", { class: "note", role: "status" });
  list.before(said);
  field.setAttribute("autocomplete", "off");
  field.setAttribute("aria-controls", list.id);

  const show = () => {
    const typed = field.value.trim();
    const found = ranking(all, typed);
    const hits = found.slice(0, 12);
    list.replaceChildren(
      ...hits.map((hit) =>
        element(
          "li",
          {},
          element("a", { href: hit.href }, hit.text, " ", element("span", { class: "kind" }, hit.kind)),
        ),
      ),
    );
    list.hidden = !hits.length;
    const near = typed && !found.length ? nearWords(all, typed) : [];
    said.textContent = typed ? told(hits.length, found.length, near) : "";
    said.hidden = !typed;
  };
  const links = () => [...list.querySelectorAll("a")];
  field.addEventListener("input", show);
  field.addEventListener("keydown", (event) => {
    const [first] = links();
    if (!first) return;
    if (event.key === "ArrowDown") first.focus();
    else if (event.key === "Enter") first.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("keydown", (event) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown") all[Math.min(at + 1, all.length - 1)].focus();
    else if (event.key === "ArrowUp") (at > 0 ? all[at - 1] : field).focus();
    else if (event.key === "Escape") field.focus();
    else return;
    event.preventDefault();
  });
  show();
}

let choosers = 0;

// A field with a list below it (ARIA's combobox): `options()` gives what can be chosen, `chosen(option)` takes one.
function chooser(label, options, chosen, most = 8) {
  const id = `val-${(choosers += 1)}`;
  const list = element("ul", { id: `${id}-lista`, role: "listbox", "aria-label": label, hidden: true });
  const field = element("input", {
    id,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  });
  let hits = [];
  let at = -1;
  const mark = () => {
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
    if (at >= 0) {
      field.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    list.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const take = (option) => {
    field.value = "";
    close();
    chosen(option);
  };
  const show = () => {
    hits = ranking(options(), field.value).slice(0, most);
    list.replaceChildren(
      ...hits.map((hit, n) => {
        const item = element(
          "li",
          { id: `${id}-${n}`, role: "option" },
          hit.text,
          " ",
          element("span", { class: "kind" }, hit.kind || ""),
        );
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(hit);
        });
        return item;
      }),
    );
    at = -1;
    list.hidden = !hits.length;
    field.setAttribute("aria-expanded", String(hits.length > 0));
    mark();
  };
  field.addEventListener("input", show);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && hits.length) at = Math.min(at + 1, hits.length - 1);
    else if (event.key === "ArrowUp" && hits.length) at = Math.max(at - 1, 0);
    else if (event.key === "Enter") {
      if (hits.length && field.value) take(hits[Math.max(at, 0)]);
    } else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    if (!list.hidden) mark();
  });
  return element(
    "div",
    { class: "chooser" },
    element("label", { for: id }, label),
    element("div", { class: "field" }, field, list),
  );
}

// What has been chosen, each with a button that takes it away.
function chips(label, chosen, remove) {
  const items = chosen.map(({ id, text }) =>
    element(
      "li",
      {},
      element(
        "button",
        { type: "button", class: "chip", "aria-label": `Ta bort ${text}`, onclick: () => remove(id) },
        text,
        element("span", { "aria-hidden": "true" }, " ×"),
      ),
    ),
  );
  return element("ul", { class: "chips", "aria-label": label }, ...items);
}
