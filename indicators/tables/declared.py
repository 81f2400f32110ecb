"""The schemas of the tables that the declarations become: the warehouse's dbt source `declared`.

Belongs here: names and types of columns, and what a row is. Does not belong here: their rows
(`generate/declared_rows.py`, `generate/reform_rows.py`), and the tables that are published as declared, without dbt
(`reform.py`).
"""

from __future__ import annotations

TABLES: dict[str, dict[str, str]] = {
    "indicator": {
        "indicator_id": "varchar", "title_sv": "varchar", "title_en": "varchar", "definition_sv": "varchar",
        "purpose_sv": "varchar", "theme": "varchar", "gr_area": "varchar", "success_factor": "varchar",
        "nara_vard_shift": "varchar", "unit": "varchar", "decimals": "integer", "value_type": "varchar",
        "polarity": "varchar", "cost_concept": "varchar", "price_basis": "varchar", "price_index": "varchar",
        "price_base_year": "integer", "numerator": "varchar", "denominator": "varchar", "multiplier": "double",
        "source_id": "varchar", "source_series": "varchar", "dataset": "varchar", "series": "varchar",
        "processing_level": "varchar", "attribution": "varchar", "group_attribution": "varchar", "rights": "varchar",
        "series_ended": "integer", "breaks": "varchar", "notes": "varchar", "definition_version": "integer",
        "valid_from": "date", "is_plain": "boolean", "aggregation": "varchar", "workforce": "varchar",
        "interval_method": "varchar", "interval_per": "double", "interval_reason": "varchar",
        "no_values_sv": "varchar",
        "mean_of_years": "integer", "plausible_min": "double", "plausible_max": "double", "max_jump_units": "double",
        "max_jump_percent": "double", "replaced_by": "varchar", "replaced_by_reason_sv": "varchar",
        "possible_min": "double", "possible_max": "double", "beyond_min": "double", "beyond_max": "double",
        "coverage_least": "double", "coverage_adjusts": "varchar", "curated": "boolean",
    },
    "poisson_limit": {
        "events": "integer", "lower_95": "double", "upper_95": "double", "lower_998": "double", "upper_998": "double",
    },
    "frame_item": {
        "frame_id": "varchar", "frame_title_sv": "varchar", "source": "varchar", "item_no": "integer",
        "item_id": "varchar", "title_sv": "varchar",
    },
    "gap_item": {"frame_id": "varchar", "item_id": "varchar", "gap_id": "varchar"},
    "crosswalk": {"frame_id": "varchar", "item_id": "varchar", "indicator_id": "varchar"},
    "similar_recipe": {
        "recipe_id": "varchar", "title_sv": "varchar", "purpose_sv": "varchar", "made_by": "varchar",
        "is_default": "boolean", "neighbours": "integer", "recipe_version": "integer", "variables": "varchar",
        "valid_from": "date",
    },
    "structure_variable": {
        "recipe_id": "varchar", "variable": "varchar", "measure_id": "varchar", "per_measure_id": "varchar",
        "is_log": "boolean", "weight": "double",
    },
    "composite": {
        "composite_id": "varchar", "recipe_version": "integer", "title_sv": "varchar", "theme": "varchar",
        "up_means_sv": "varchar", "winsor_z": "double", "carry_years": "integer", "min_coverage": "double",
    },
    "composite_input": {
        "composite_id": "varchar", "indicator_id": "varchar", "weight": "double", "turn": "double",
    },
    "indicator_term": {
        "indicator_id": "varchar", "part": "varchar", "term_no": "integer", "coefficient": "double",
        "measure_a": "varchar", "measure_b": "varchar",
    },
    "indicator_input": {"indicator_id": "varchar", "measure_id": "varchar", "is_anchor": "boolean"},
    "indicator_break": {"indicator_id": "varchar", "year": "integer", "reason_sv": "varchar"},
    "indicator_not_collected": {"indicator_id": "varchar", "year": "integer", "reason_sv": "varchar"},
    "measure": {
        "measure_id": "varchar", "dataset": "varchar", "series": "varchar", "title_sv": "varchar", "unit": "varchar",
    },
    "county": {"county_id": "varchar", "name": "varchar", "region_id": "varchar"},
    "area_change": {"area_id": "varchar", "valid_from": "date", "note_sv": "varchar"},
    "group_member": {"group_id": "varchar", "area_id": "varchar"},
    "price_index": {"index_id": "varchar", "title_sv": "varchar", "base_year": "integer"},
    "price_level": {"year": "integer"},
    "data_gap": {
        "gap_id": "varchar", "wanted_sv": "varchar", "frame": "varchar", "theme": "varchar", "gr_area": "varchar",
        "success_factor": "varchar", "why_missing_sv": "varchar", "proxy_indicator": "varchar",
        "proxy_note_sv": "varchar", "could_provide_sv": "varchar",
    },
    "control": {
        "control_id": "varchar", "title_sv": "varchar", "kind": "varchar", "measure": "varchar", "weight": "varchar",
        "unit_factor": "double", "tolerance": "double", "has_years": "boolean",
    },
    "caution": {"caution_id": "varchar", "place": "integer"},
    "caution_limit": {
        "own_years_factor": "double", "own_years_least": "integer", "own_low_least": "double",
        "own_high_least": "double", "zero_least": "double", "zero_crowd": "double", "weight_tolerance": "double",
        "most_of_newest_year": "double", "most_of_release": "double",
    },
    "series_limit": {
        "dataset": "varchar", "series": "varchar", "value_type": "varchar", "aggregation": "varchar",
        "possible_min": "double", "possible_max": "double", "beyond_min": "double", "beyond_max": "double",
    },
    "weight_difference": {
        "difference_id": "varchar", "indicator_id": "varchar", "first_year": "integer", "last_year": "integer",
        "most": "double", "reason_sv": "varchar",
    },
    "survey": {"indicator_id": "varchar", "measure_id": "varchar", "response_rate": "varchar"},
    "control_year": {"control_id": "varchar", "year": "integer"},
    "control_total": {"control_id": "varchar", "year": "integer", "value": "double", "source": "varchar"},
    "correction": {
        "correction_id": "varchar", "dataset": "varchar", "series": "varchar", "indicators": "varchar",
        "area_id": "varchar", "years": "varchar", "sexes": "varchar",
        "action": "varchar", "expected": "varchar", "value": "double", "factor": "double", "reason_sv": "varchar",
        "reported_by": "varchar", "reported_on": "date",
    },
    "correction_cell": {
        "correction_id": "varchar", "dataset": "varchar", "series": "varchar", "area_id": "varchar",
        "year": "integer", "sex": "varchar", "action": "varchar", "value": "double", "factor": "double",
        "expected_value": "double", "expected_series": "varchar", "expected_min": "double", "expected_max": "double",
    },
    "funding": {
        "funding_id": "varchar", "parent_id": "varchar", "split": "varchar", "year": "integer", "payer": "varchar",
        "receiver": "varchar", "receiver_area_id": "varchar", "purpose_sv": "varchar", "amount_mnkr": "double",
        "is_approximate": "boolean", "basis": "varchar", "derived_from_sv": "varchar", "complete_by": "varchar",
        "known_discrepancy_mnkr": "double", "discrepancy_sv": "varchar", "document_id": "varchar",
        "section": "varchar", "read_on": "date",
    },
}  # fmt: skip

ABOUT: dict[str, str] = {
    "indicator": "Each indicator with everything that is declared of it.",
    "poisson_limit": "Exact limits of a Poisson mean for fewer than ten events (Garwood).",
    "frame_item": "What each official frame asks for.",
    "gap_item": "Which gap stands for which item of a frame.",
    "crosswalk": "Which indicators answer to which item of a frame.",
    "similar_recipe": "The standard sets of similar municipalities: our recipes, and Kolada's own sets.",
    "structure_variable": "The variables by which municipalities are similar, by recipe.",
    "composite": "The recipes of the indices.",
    "composite_input": "The indicators of each index, with weight and direction.",
    "indicator_term": "The terms of each computed indicator: a coefficient times one or two measures, by part.",
    "indicator_input": "The measures of each computed indicator; the anchor decides which areas and years there are.",
    "indicator_break": "Years in which the way of measuring changed.",
    "indicator_not_collected": "Years in which nothing was collected.",
    "measure": "The series that formulas and weights are made of.",
    "county": "Counties, with the region responsible for health care there.",
    "area_change": "Days from which areas exist in their present form.",
    "group_member": "The members of groups that are not the publisher's.",
    "price_index": "The price indices, with the year in which each is 100.",
    "price_level": "One row: the year in whose prices all fixed prices are.",
    "data_gap": "What the official frames ask for and no source gives.",
    "control": "The reconciliations of figures that ought to agree.",
    "caution": "The cautions, in the order in which one takes the place of another.",
    "caution_limit": "One row: the limits beyond which a value gets a caution.",
    "series_limit": "What the values of a series can be, and what is far outside the plausible.",
    "weight_difference": "Why a weighted mean differs from the nation's own value; without last_year from then on.",
    "survey": "The indicators that are shares of a questionnaire's answers, with the indicator of its response rate.",
    "control_year": "The years that a control is limited to.",
    "control_total": "Published totals that a control compares with.",
    "correction": "The known errors of sources, with what is done about them.",
    "correction_cell": "The single cells that each correction speaks of.",
    "funding": "The reform's amounts of money, with their parts.",
}
