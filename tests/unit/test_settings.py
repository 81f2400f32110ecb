"""Settings: what is given stands before the environment, and a wrong variable is told by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.commands.options import settings_for
from pipelines.errors import UsageError
from pipelines.settings import Settings


def test_the_environment_is_read_and_what_is_given_stands_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = {
        "DATA_DIR": "/elsewhere", "THREADS": "3", "RELEASE_PARTS": "[]", "BASE_URLS": '{"*": "http://127.0.0.1"}',
        "PUBLISHER_NAME": "1177",
    }  # fmt: skip
    for name, text in told.items():
        monkeypatch.setenv(f"NYCKELTAL_{name}", text)
    settings = Settings(data_dir=tmp_path)
    assert settings.data_dir == tmp_path
    assert settings.threads == 3
    assert settings.release_parts == frozenset()
    assert settings.publisher_name == "1177"  # a text, though it could be read as JSON
    assert settings.base_urls == {"*": "http://127.0.0.1"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("threads", "many", "integer"),
        ("accept_missing", "kolada.values", "frozenset"),
        ("base_urls", "{", "dictionary"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(
    name: str, text: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"NYCKELTAL_{name.upper()}", text)
    with pytest.raises(UsageError, match=f"the setting {name} is wrong") as told:
        settings_for()
    assert expected in told.value.expected
    assert f"NYCKELTAL_{name.upper()}" in told.value.remedy
