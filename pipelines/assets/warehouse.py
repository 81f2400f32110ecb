"""The dbt project as assets. Belongs here: the preparation of the build, dbt's run, and its failures by name."""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging.version import Version

from pipelines.settings import Settings
from pipelines.storage.vintages import ImpossibleReleaseError
from pipelines.warehouse.dbt_run import dbt_failures, failed_checks


class Translator(DagsterDbtTranslator):
    """One group for all models."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Sources keep the group of the asset that they are; models form the warehouse."""
        return "vintages" if dbt_resource_props["resource_type"] == "source" else "warehouse"


class Dbt(DbtCliResource):
    """dbt of this environment. Its version is known here: `dbt --version` would ask the package registry for news."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))


def warehouse_assets(settings: Settings, manifest: Path) -> dg.AssetsDefinition:
    """dbt's models, from staging to the public tables."""

    @dbt_assets(
        manifest=json.loads(manifest.read_text(encoding="utf-8")),
        dagster_dbt_translator=Translator(),
        exclude="resource_type:unit_test",
        required_resource_keys={"run"},
        name="warehouse",
    )
    def warehouse(context: dg.AssetExecutionContext) -> Iterator[Any]:
        run = context.resources.run
        if not run.prepare_warehouse():
            return  # what comes after is skipped
        project = str(settings.dbt_project_dir)
        executable = str(Path(sys.executable).with_name("dbt"))  # of this environment, whatever PATH says
        dbt = Dbt(project_dir=project, profiles_dir=project, dbt_executable=executable)
        with run.step("dbt"):
            try:
                command = ["build", "--exclude-resource-type", "unit_test"]
                yield from dbt.cli(command, context=context, target_path=settings.build_dir / "dbt").stream()
            except DagsterDbtCliRuntimeError as error:
                failed = dbt_failures(settings.build_dir / "dbt" / "run_results.json")
                refused = ImpossibleReleaseError(
                    "the warehouse could not be built; nothing was published and the last release stands",
                    where=", ".join(failed) or "dbt",
                    found="; ".join(failed.values()) or str(error)[:500],
                    remedy="see the message, mend the cause, and refresh again",
                    checks=failed_checks(failed),
                )
                run.doubt(refused)
                raise refused from error

    return warehouse
