"""The type of what a study would need in order to answer what no figure answers.

Belongs here: fields and rules of one declared need. Does not belong here: how many municipalities and measurements are
enough, which is computed (`indicators/statistics/needed.py`), or who could give the figures (`data_gaps.yml`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from indicators.model.reform import AreaId
from indicators.model.value import Identifier, Strict, Year

Collectable = Literal["from_now_on", "back_in_time", "never"]


class Needed(Strict):
    """Figures that a question needs and nobody has, and the effect that they should be able to show.

    `data_gaps` say why the figures are missing and who could give them; `collectable` whether they can be had for years
    that have passed. Nobody knows how much a figure that does not exist varies: `proxy` is the nearest that does, and
    its spread over `proxy_years` tells how many municipalities and measurements `effect` would need. `effect` is in the
    unit of the proxy or in per cent of the municipality's own level before. `treated` are those that would be compared
    with all others, with `measurements` before and as many after.
    """

    need_id: Identifier
    what_sv: str = Field(min_length=20)
    figures_sv: str = Field(min_length=20)
    data_gaps: tuple[Identifier, ...] = Field(min_length=1)
    collectable: Collectable
    proxy: Identifier
    proxy_years: tuple[Year, Year]
    proxy_because_sv: str = Field(min_length=20)
    effect: float = Field(gt=0)
    effect_in: Literal["unit", "percent"] = "unit"
    effect_because_sv: str = Field(min_length=20)
    treated: tuple[AreaId, ...] = ("GR",)
    measurements: int = Field(default=2, ge=1, le=5)

    @model_validator(mode="after")
    def _years_are_enough(self) -> Needed:
        first, last = self.proxy_years
        if last - first + 1 < 2 * self.measurements:
            raise ValueError("proxy_years must hold as many years as the measurements before and after together")
        return self
