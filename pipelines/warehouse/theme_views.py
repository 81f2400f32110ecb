"""The contracts of the public views by theme, as text: each is the wide view, cut to one theme.

Belongs here: the properties of these views, taken from those of `observation_wide`. Does not belong here: their SQL
(the macro `wide_theme`).
"""

from __future__ import annotations

from pathlib import Path

import yaml

from indicators.model.vocabulary import Theme
from pipelines.warehouse.source_files import as_yaml


def theme_view_files(marts: Path) -> dict[Path, str]:
    """The properties of each theme's view, with the columns and the contract of the wide view."""
    (wide,) = yaml.load((marts / "observation_wide.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)["models"]
    return {
        marts / f"{theme}.yml": as_yaml({"version": 2, "models": [_view(theme.value, wide["columns"])]})
        for theme in Theme
    }


def _view(theme: str, columns: list[dict[str, str]]) -> dict[str, object]:
    sound = {"key": ["indicator_id", "area_id", "year", "sex"], "accepted_values": {"theme": [theme]}}
    return {
        "name": theme,
        "description": f"observation_wide for the theme {theme}.",
        # The comments of the columns are those of observation_wide, and are written once.
        "config": {"persist_docs": {"relation": True, "columns": False}},
        "data_tests": [{"model_is_sound": {"name": f"{theme}_is_sound", "arguments": sound}}],
        "columns": columns,
    }
