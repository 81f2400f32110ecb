"""The schemas of the public tables of the effect studies.

Belongs here: what each column holds. Does not belong here: how it is estimated (`indicators/statistics`), or who
writes it (`pipelines/warehouse/effect_studies.py`).
"""

from __future__ import annotations

from indicators.tables.reform import RegisterTable

_KEY = {
    "study_id": ("varchar", "The study; see study."),
    "analysis_id": ("varchar", "The analysis; see study_analysis."),
    "indicator_id": (
        "varchar",
        "The indicator; of one payer perhaps less another (` - `); of all payers together, theirs with commas.",
    ),
    "area_id": (
        "varchar",
        "Area or group that it is about, with commas where it is several; 0000: all municipalities.",
    ),
}

EFFECT_TABLES: dict[str, RegisterTable] = {
    "effect_estimate": RegisterTable(
        "What each analysis of a study estimates, how sure it is, and what cannot be estimated and why.",
        ("study_id", "analysis_id", "indicator_id", "area_id", "estimand"),
        {
            **_KEY,
            "estimand": (
                "varchar",
                "mean_gap (synthetic control and its kin), mean_effect, effect_per_dose, level_change, slope_change, "
                "mean_change (within areas), change_of_payer, change_of_all_payers; none where not estimable.",
            ),
            "method": ("varchar", "The method; see study_analysis."),
            "unit": ("varchar", "Unit of the estimate."),
            "estimate": ("double", "The estimate; null where not estimable."),
            "standard_error": ("double", "Its standard error, where the method has one."),
            "lower_95": (
                "double",
                "Lower limit of the 95 per cent interval: what the placebos would not reject, where they decide; null "
                "where no constant effect agrees.",
            ),
            "upper_95": ("double", "Upper limit of the 95 per cent interval."),
            "p_value": (
                "double",
                "Two-sided p of the model, which takes municipalities as independent; for synthetic control the "
                "permutation p.",
            ),
            "p_placebo": (
                "double",
                "Share of placebos, the true case included, that are as extreme; of regions the mean of two shares: of "
                "random sets and of whole counties.",
            ),
            "placebo_rank": ("integer", "Place among the placebos, 1 the most extreme; null without placebos."),
            "placebo_of_n": ("integer", "Number of placebos, the true case included."),
            "placebo_kind": (
                "varchar",
                "What the placebos are: regions (sets of as many municipalities that lie together; but for synthetic "
                "control whole counties too), scattered (sets that lie as scattered as the treated), doses (spread "
                "over the map as the true ones are), areas (single municipalities).",
            ),
            "is_significant": (
                "boolean",
                "Placebo p below 0.05; without placebos the model's p, and for interrupted series both. Null where "
                "descriptive.",
            ),
            "minimal_effect": (
                "double",
                "The least effect, up or down and in the unit of the estimate, that would have been called significant "
                "in 80 per cent of the placebos; null where the method has no such.",
            ),
            "breakdown": (
                "double",
                "How many times as much as in the worst pair of years before, treated and others may drift apart a "
                "year before zero is no longer excluded (Rambachan and Roth's relative magnitudes; 10: ten or more; "
                "0: not even with equal trends); null where no event study is made.",
            ),
            "areas_treated": ("integer", "Areas looked at (of a dose: all)."),
            "areas_compared": ("integer", "Areas that they are compared with."),
            "years_before": ("integer", "Measured years before."),
            "years_after": ("integer", "Measured years after."),
            "first_after": ("integer", "First year that counts as after."),
            "last_year": ("integer", "Last year that has values, whatever the window asks for."),
            "fit_kind": (
                "varchar",
                "rmspe_before_percent (root mean square gap before, in per cent of the level), r_squared or "
                "p_trends_before (the smaller p of the tests that nothing differed before).",
            ),
            "fit": ("double", "How well the years before are met, by fit_kind."),
            "assumptions_met": ("boolean", "What could be tried of the assumptions holds; null: nothing could."),
            "others_agree": (
                "boolean",
                "Whether all of the study's designs with a counterfactual say the same of this indicator and area; "
                "null where there is but one.",
            ),
            "warnings_sv": ("varchar", "What the figures themselves warn of, one a line."),
            "verdict_sv": ("varchar", "The result in words. No word of causes where the design is descriptive."),
            "not_estimable_reason": (
                "varchar",
                "no_values, too_few_points_before, too_few_points_after, break_in_window, all_treated_at_once, "
                "too_few_treated, no_comparison_areas, poor_fit_before, dose_unknown, payer_unknown, "
                "size_unknown or nobody_alike; null where there is an estimate.",
            ),
        },
    ),
    "study_conclusion": RegisterTable(
        "What can be concluded of each study, in one sentence that is made from its estimates.",
        ("study_id",),
        {
            "study_id": ("varchar", "The study; see study."),
            "status": (
                "varchar",
                "estimated, described (no design with a counterfactual gave an estimate) or not_estimable (no number "
                "at all; see study_need).",
            ),
            "conclusion_sv": ("varchar", "What its designs with a counterfactual say together, and could have seen."),
            "designs": ("integer", "Designs with a counterfactual that gave an estimate."),
            "designs_significant": ("integer", "Those of them that found something."),
        },
    ),
    "effect_sensitivity": RegisterTable(
        "What is left of an event study's mean effect where trends may be unequal (Rambachan and Roth 2023).",
        ("study_id", "analysis_id", "indicator_id", "area_id", "magnitude"),
        {
            **_KEY,
            "magnitude": (
                "double",
                "How many times as much as in the worst pair of years before, treated and others may drift apart a "
                "year.",
            ),
            "unit": ("varchar", "Unit of the estimate."),
            "estimate": ("double", "The mean effect after against the last year before (0: equal trends from it on)."),
            "lower_95": (
                "double",
                "Lower limit of the robust 95 per cent interval; its spread is that among made-up treatments.",
            ),
            "upper_95": ("double", "Upper limit of it."),
            "excludes_zero": ("boolean", "Whether zero is outside."),
        },
    ),
    "study_need": RegisterTable(
        "What a study would need to answer what no figure answers: which figures, and how many of them.",
        ("study_id", "need_id"),
        {
            "study_id": ("varchar", "The study; see study."),
            "need_id": ("varchar", "The need."),
            "what_sv": ("varchar", "What is asked that no figure answers."),
            "figures_sv": ("varchar", "The figures that would answer it."),
            "data_gaps": ("varchar", "Why they are missing and who could give them, with commas; see data_gap."),
            "collectable": (
                "varchar",
                "from_now_on, back_in_time (for years that have passed too) or never (the time has passed).",
            ),
            "proxy_indicator_id": (
                "varchar",
                "The nearest indicator that has values: its spread tells how much would be enough.",
            ),
            "proxy_because_sv": ("varchar", "Why that one, and how it may differ."),
            "effect": ("double", "The effect that the figures should be able to show."),
            "unit": ("varchar", "Unit of effect, spread and minimal_effect; procent: of a municipality's own level."),
            "effect_because_sv": ("varchar", "Why an effect of that size."),
            "treated": ("varchar", "Areas and groups that would be compared with all others, with commas."),
            "measurements": ("integer", "Measurements before, and as many after."),
            "areas_treated": ("integer", "Municipalities of `treated`."),
            "areas_compared": ("integer", "All other municipalities."),
            "spread": (
                "double",
                "Standard deviation between municipalities of the proxy's change over that many measurements; null "
                "where the proxy has too few of them.",
            ),
            "minimal_effect": (
                "double",
                "The least effect that `treated` could show in 80 per cent of cases, at 5 per cent among made-up "
                "regions.",
            ),
            "measurements_needed": (
                "integer",
                "Measurements before, and as many after, with which they could show `effect`; null where up to five "
                "are not enough, or the proxy is too short to tell.",
            ),
            "municipalities_needed": (
                "integer",
                "Municipalities, half of them with what is studied and spread over the country, that could show it.",
            ),
            "needed_sv": ("varchar", "The same in words."),
        },
    ),
    "effect_series": RegisterTable(
        "Observed against counterfactual, year by year.",
        ("study_id", "analysis_id", "indicator_id", "area_id", "years_since"),
        {
            **_KEY,
            "year": ("integer", "The year; null where starts differ."),
            "years_since": ("integer", "Years since the first year after, which is 0."),
            "observed": (
                "double",
                "The value; of several areas their plain mean. Null for a dose and differing starts.",
            ),
            "counterfactual": ("double", "What the design expects without the change; null where it expects nothing."),
            "gap": (
                "double",
                "Observed less counterfactual; in event studies the effect against the last year before.",
            ),
            "lower_95": ("double", "Lower limit of the gap's 95 per cent interval (synthetic control: by placebos)."),
            "upper_95": ("double", "Upper limit of the gap's 95 per cent interval."),
            "is_after": ("boolean", "Whether the year counts as after."),
            "year_weight": (
                "double",
                "What a year before weighs in synthetic difference in differences (1 in sum); null otherwise.",
            ),
        },
    ),
    "donor_weight": RegisterTable(
        "What each synthetic area is made of. Weights add up to 1, and may be below 0 where the control is augmented; "
        "donors of weight 0 are listed too.",
        ("study_id", "analysis_id", "indicator_id", "area_id", "donor_area_id"),
        {
            **_KEY,
            "donor_area_id": ("varchar", "The donor; see area."),
            "distance": ("double", "How unlike it is in structure, in standard deviations; see similar_area."),
            "weight": ("double", "Its part of the synthetic area."),
        },
    ),
    "placebo": RegisterTable(
        "The same estimate where nothing happened: in other areas (space) and in an earlier year (time).",
        ("study_id", "analysis_id", "indicator_id", "area_id", "kind", "placebo_area_id"),
        {
            **_KEY,
            "kind": ("varchar", "space, time, or true (the case itself, to be ranked among the others)."),
            "placebo_area_id": ("varchar", "The area that the estimate was made for."),
            "first_after": ("integer", "First year after, real or made up."),
            "statistic": (
                "double",
                "What is ranked: root mean square gap after through before; for synthetic difference in differences "
                "and augmented synthetic control the mean gap after through the spread before (where augmented, of "
                "years left out); for interrupted series the estimate of the level through its standard error.",
            ),
            "gap": ("double", "Mean gap after; for interrupted series the change of level."),
            "fit_before": (
                "double",
                "Root mean square gap before (of synthetic difference in differences: about its mean); null for "
                "interrupted series.",
            ),
            "rank": ("integer", "Place among space and true, 1 the most extreme; in time among the same donors."),
        },
    ),
}
