"""Similar municipalities."""

from __future__ import annotations

from collections.abc import Sequence

NEAR_PCT = 10.0  # a pair is near when at most so many per cent of all pairs are nearer


def far(percentiles: Sequence[float]) -> str | None:
    """A warning where fewer than half of the neighbours are near; None where at least half are.

    Args:
        percentiles: of each neighbour the share, in per cent, of all pairs of municipalities that are nearer.
    """
    near = sum(share <= NEAR_PCT for share in percentiles)
    if 2 * near >= len(percentiles):
        return None
    told = "ingen" if near == 0 else f"bara {near}"
    return (
        f"De närmaste ligger långt bort: {told} av {len(percentiles)} hör till den tiondel av alla kommunpar som liknar "
        "varandra mest."
    )
