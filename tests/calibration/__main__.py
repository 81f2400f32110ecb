"""`make calibrate`: measures everything anew, writes the outcomes, and prints the tables of docs/method.md."""

from __future__ import annotations

from pipelines.settings import Settings
from tests.calibration import made_up_regions, made_up_treatments, place_coverage, trend_sizes


def main() -> None:
    trend_sizes.measure()
    place_coverage.measure(Settings())
    made_up_treatments.measure(Settings())
    made_up_regions.measure(Settings())


if __name__ == "__main__":
    main()
