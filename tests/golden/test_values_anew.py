"""500 published values of the whole release, drawn at random, computed anew from the archived bytes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from indicators.generate.declared_rows import aggregation, is_plain
from indicators.load.catalogue import load_catalogue
from pipelines.provenance.explaining import Explainer
from pipelines.reading import reader
from pipelines.settings import Settings
from pipelines.storage import release_pointer

pytestmark = pytest.mark.slow

SEED, HOW_MANY, OF_EACH_KIND = 20261129, 500, 30
Cell = tuple[str, str, int, str]
KINDS = {
    "published", "published, weighted or added", "ratio", "derived", "fixed prices", "weighted group", "sum of a group",
    "index",
}  # fmt: skip


class Release:
    """The whole release with an explainer that reads every number from the archived bytes."""

    def __init__(self, settings: Settings) -> None:
        folder = release_pointer.current_folder(settings.releases_dir)
        self.con = reader.open_release(folder)
        self.catalogue = load_catalogue()
        self.explainer = Explainer(settings, self.con, folder, recompute=True, catalogue=self.catalogue)
        self.groups = {g.group_id for g in self.catalogue.groups}

    def cells(self) -> list[Cell]:
        """Every published value, in order."""
        return self.con.execute(
            "select indicator_id, area_id, year, sex from observation where value is not null union all "
            "select composite_id, area_id, year, 'T' from composite where value is not null order by all"
        ).fetchall()

    def kind(self, cell: Cell) -> str:
        """The kind of value that a cell holds."""
        indicator = self.catalogue.by_id.get(cell[0])
        if indicator is None:
            return "index"
        if cell[1] in self.groups:
            return "sum of a group" if aggregation(indicator) == "sum" else "weighted group"
        if indicator.is_deflated:
            return "fixed prices"
        if indicator.kind == "published":
            return "published" if is_plain(indicator) else "published, weighted or added"
        return indicator.kind


@pytest.fixture(scope="module")
def release(full_release: Settings) -> Iterator[Release]:
    found = Release(full_release)
    yield found
    found.explainer.close()
    found.con.close()


@pytest.fixture(scope="module")
def drawn(release: Release) -> list[Cell]:
    """500 values: thirty of each kind, and the others of all of them; in order, so that a series is read once."""
    chance = random.Random(SEED)  # noqa: S311 - a draw that is the same each time
    cells = release.cells()
    chance.shuffle(cells)
    left, chosen = Counter(dict.fromkeys(KINDS, OF_EACH_KIND)), list[Cell]()
    others = iter(cells)
    for cell in cells:
        if left[release.kind(cell)] > 0:
            left[release.kind(cell)] -= 1
            chosen.append(cell)
        if not +left:
            break
    taken = set(chosen)
    while len(chosen) < HOW_MANY:
        if (cell := next(others)) not in taken:
            chosen.append(cell)
    return sorted(chosen)


def test_500_random_published_values_are_what_the_archived_bytes_give(release: Release, drawn: list[Cell]) -> None:
    assert len(set(drawn)) == HOW_MANY
    kinds = Counter(map(release.kind, drawn))
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= OF_EACH_KIND

    wrong = {cell: found for cell in drawn if (found := release.explainer.check(*cell))}

    assert not wrong


def test_one_of_each_kind_is_explained_to_the_end(release: Release, drawn: list[Cell]) -> None:
    cells = {release.kind(cell): cell for cell in drawn}
    for kind, cell in cells.items():
        found = release.explainer.explain(*cell)
        assert not found.faults, (kind, found.faults)
        assert found.told["arithmetic"]["holds"], kind
        assert found.told["files"], kind
        assert all(file["hash_stands"] for file in found.told["files"])


def test_a_value_that_is_another_is_seen(release: Release, drawn: list[Cell], monkeypatch: pytest.MonkeyPatch) -> None:
    cell = next(cell for cell in drawn if release.kind(cell) == "ratio")
    published = release.explainer._published
    known = published.observation(*cell)
    assert known is not None
    off = known | {"value": known["value"] * (1 + 1e-8)}
    monkeypatch.setattr(published, "observation", lambda *_: off)
    (error,) = release.explainer.check(*cell)
    assert error.what == "the published value is not what the arithmetic gives"


def test_a_county_is_the_sum_over_all_its_municipalities(release: Release) -> None:
    told = release.explainer.explain("andel_aldreomsorg_av_omsorgskostnad", "14", 2022).told
    assert (told["made_of"]["members"], told["made_of"]["members_with_value"]) == (49, 49)
    assert told["arithmetic"]["holds"]


def test_a_caution_is_told_with_the_correction_that_gave_it(release: Release) -> None:
    found = release.explainer.explain("kostnad_aldreomsorg_per_inv_80", "Hammarö", 2007)
    assert not found.faults
    assert (found.told["published"]["value"], found.told["published"]["caution"]) == (0, "known_error")
    assert found.told["correction"]["correction_id"] == "kostnad_aldreomsorg_hammaro_2007"
    (measure,) = {m["series"]: m for t in found.told["made_of"]["terms"][:1] for m in t["measures"]}.values()
    assert measure["correction"]["action"] == "caution"
