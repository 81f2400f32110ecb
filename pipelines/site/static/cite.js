// Where the values of a figure come from: what is written beside them in a download, and below a compared figure.
// Belongs here: the indicator that a figure shows, and how its values are cited. Does not belong here: tables, pictures.

const SEXES = { T: "Totalt", K: "Kvinnor", M: "Män" };
const COMPUTED_AREAS = new Set(["group", "county"]);

// As the release says it (observation_wide): values of counties and groups are computed also where others are not.
function attributionOf({ attribution, group_attribution }, areaType) {
  return COMPUTED_AREAS.has(areaType) ? group_attribution : attribution;
}

function areaTypes() {
  return new Map(((window.nyckeltal_index || {}).areas || []).map(({ id, type }) => [id, type]));
}

// Columns that stand beside a table's own in its download, by name, as what each row says; none where no indicator is shown.
async function citation(figure) {
  const { indicator, cites = indicator, sex = "T", unit } = figure ? figure.dataset : {};
  if (!cites) return [];
  const about = await figures(cites);
  const types = areaTypes();
  return [
    ["indicator_id", () => cites],
    ["title_sv", () => about.title],
    ["unit", () => unit || about.unit],
    ["sex_label", () => SEXES[sex]],
    ["attribution", ({ area_id }) => attributionOf(about, types.get(area_id))],
  ];
}

function citedBelow(about, areas) {
  const types = areaTypes();
  const texts = areas.map((area) => attributionOf(about, types.get(area)));
  return element("p", { class: "note" }, `${[...new Set(texts)].join(". ")}.`);
}
