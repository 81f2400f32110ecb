"""Attribution follows processing: unchanged values name their source, computed ones the data they were made of."""

from __future__ import annotations

from indicators.generate.declared_rows import declared_rows
from indicators.load.catalogue import load_catalogue
from indicators.tables.declared import TABLES
from pipelines.settings import Settings
from pipelines.warehouse.inputs import declared_sources


def test_a_publisher_is_named_once_before_all_its_series() -> None:
    rows = declared_rows(load_catalogue(Settings().declarations_dir), declared_sources())["indicator"]
    columns = list(TABLES["indicator"])
    told = {row[columns.index("indicator_id")]: row[columns.index("attribution")] for row in rows}
    grouped = {row[columns.index("indicator_id")]: row[columns.index("group_attribution")] for row in rows}

    assert told["kostnad_aldreomsorg_per_inv_80"] == "Källa: Kolada"
    assert told["andel_aldreomsorg_av_omsorgskostnad"] == (
        "Egen beräkning; underlag: Kolada, Rådet för främjande av kommunala analyser (RKA): "
        "N20048, N01957, N20001, N01951"
    )
    assert grouped["kostnad_aldreomsorg_per_inv_80"].startswith("Egen beräkning av gruppvärde")
    assert grouped["trygghet_hemtjanst"] == (
        "Egen beräkning av gruppvärde (vägt medel eller summa); underlag: Kolada, Rådet för främjande av kommunala "
        "analyser (RKA): U21505; vikt: Svarande i brukarundersökningen, hemtjänst"
    )
    assert grouped["andel_aldreomsorg_av_omsorgskostnad"] == told["andel_aldreomsorg_av_omsorgskostnad"]
    assert all("Källa:" not in text for text in grouped.values())
    assert all(text.count("(RKA)") <= 1 for text in told.values())
    assert all("Källa:" not in text for text in told.values() if text.startswith("Egen beräkning"))
