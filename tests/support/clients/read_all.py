"""Calls every reading method of koladapy, pxwebpy and pxstatspy on an address, and records the results.

It runs in the environment of these clients (`make clients`), where nothing of this project is installed. Belongs here:
the calls. Does not belong here: the expected results (`tests/integration/test_other_clients.py`).
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from koladapy import KoladaAPI
from pxstatspy import OutputFormat, PxAPI, PxAPIConfig
from pxweb import PxApi

AGE = "agg_Ålder5år"
POPULATION = {"Region": ["1440"], "Alder": ["8*"], "Kon": ["1", "2"], "ContentsCode": ["BE0101N1"], "Tid": ["2017"]}


def kolada(base: str) -> dict:
    api = KoladaAPI(base_url=f"{base}/api.kolada.se/v3/", max_requests_per_second=1000)
    asked = {"kpi_id": ["N00001", "N00002"], "municipality_id": ["0114", "0115"], "years": [2021, 2022]}
    frame = api.get_data_as_dataframe(**asked, include_metadata=True)
    units = api.get_data_as_dataframe(kpi_id="N00001", ou_id=["V15E01"], years=2021, include_metadata=True)
    many = [f"0{n}" for n in range(100, 160)]
    return {
        "search_kpis": [k["id"] for k in api.search_kpis("invånare")],
        "search_by_area": len(api.search_kpis(operating_area="Äldre och funktionshinder", as_dataframe=True)),
        "get_kpi": api.get_kpi("N00001")["title"],
        "get_kpis": [k["id"] for k in api.get_kpis(["N00001", "N00002"])],
        "get_kpi_groups": [g["title"] for g in api.get_kpi_groups()],
        "get_kpi_group": [m["member_id"] for m in api.get_kpi_group("G2KPI1")["members"]],
        "get_municipalities": [m["id"] for m in api.get_municipalities(municipality_type="K")],
        "get_municipality": api.get_municipality("0114")["title"],
        "get_municipality_groups": [g["id"] for g in api.get_municipality_groups(query="Två")],
        "get_municipality_group": [m["member_id"] for m in api.get_municipality_group("G1")["members"]],
        "get_organizational_units": [u["id"] for u in api.get_organizational_units(municipality="0114", ou_type="V15")],
        "get_organizational_unit": api.get_organizational_unit("V15E02")["title"],
        "get_values": api.get_values(**asked),
        "get_values_since": api.get_values(kpi_id="N00001", municipality_id="0114", updated_since="2999-01-01"),
        "get_values_in_batches": len(api.get_values(kpi_id="N00001", municipality_id=many, years=2021)),
        "dataframe": frame[["kpi", "municipality_title", "period", "gender", "value"]].to_json(orient="values"),
        "dataframe_of_units": units[["ou_title", "gender", "value"]].values.tolist(),
    }


def pxweb(base: str) -> dict:
    api = PxApi(f"{base}/statistikdatabasen.scb.se/api/v2", max_workers=1)
    rows = api.get_table_data("TAB638", value_codes=POPULATION, code_list={"Alder": AGE})
    return {
        "number_of_tables": api.number_of_tables,
        "get_config": api.get_config()["maxDataCells"],
        "all_tables": sorted(t["id"] for t in api.all_tables()),
        "search": [t["id"] for t in api.search(query="CKM", page_size=5)["tables"]],
        "search_recent": [t["id"] for t in api.search(past_days=1)["tables"]],
        "get_code_list": len(api.get_code_list(AGE)["values"]),
        "get_table_metadata": api.get_table_metadata("TAB638")["id"],
        "get_table_variables": sorted(api.get_table_variables("TAB638")),
        "get_table_data": sum(row["value"] for row in rows),
        "get_table_data_codes": api.get_table_data(
            "TAB638",
            value_codes={"Region": ["14*"], "ContentsCode": "BE0101N1", "Tid": "2017"},
            show="code",
        ),
        "get_table_data_default": api.get_table_data("TAB638"),
        "get_table_data_all": len(api.get_table_data_all("TAB4434")),
        "get_paths": [p["id"] for p in api.get_paths("OE")],
        "tables_on_path": [t["id"] for t in api.tables_on_path("OE0107")],
    }


def pxstat(base: str) -> dict:
    api = PxAPI(PxAPIConfig(base_url=f"{base}/statistikdatabasen.scb.se/api/v2", language="sv"))
    chosen = {"Region": ["1440"], "Kon": ["*"], "ContentsCode": ["BE0101N1"], "Tid": ["2016", "2017"]}
    selection = {"selection": [{"variableCode": name, "valueCodes": codes} for name, codes in chosen.items()]}
    frame = api.get_data_as_dataframe("TAB638", value_codes=chosen)
    cube = api.get_table_data("TAB638", value_codes=chosen, output_format=OutputFormat.JSON_STAT2)
    with_output = api.find_tables()
    return {
        "get_config": api.get_config()["maxDataCells"],
        "find_tables": api.find_tables(query="CKM", display=False)["page"]["totalElements"],
        "find_tables_shown": with_output,
        "find_tables_as_dataframe": sorted(api.find_tables_as_dataframe(all_pages=True)["id"]),
        "get_table_by_id": api.get_table_by_id("TAB638")["label"],
        "get_table_metadata": api.get_table_metadata("TAB638")["id"],
        "print_table_variables": api.print_table_variables("TAB638"),
        "get_table_data": cube["value"],
        "get_table_data_post": api.get_table_data_post("TAB638", selection)["value"],
        "dataframe": [float(n) for n in frame[frame.columns[-1]]],
    }


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        told = {"kolada": kolada(sys.argv[1]), "pxweb": pxweb(sys.argv[1]), "pxstat": pxstat(sys.argv[1])}
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")
