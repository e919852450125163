"""Owns the dbt assets: one translator from dbt's words to Dagster's, one build at a time."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster
import psycopg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from orchestration.resources import DBT_MANIFEST, DBT_PROJECT, DBT_TARGET, Contrail, Settings, only_writer

OWNERS = {"staging": "team:data-engineering", "intermediate": "team:data-engineering"}
ANALYTICS = "team:analytics"


class Translator(DagsterDbtTranslator):
    """Groups are layers, keys are schema and name, owners follow the layer."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dagster.AssetKey:
        schema = dbt_resource_props.get("schema") or "marts"
        return dagster.AssetKey([schema, dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props.get("schema") or "marts")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return [OWNERS.get(str(dbt_resource_props.get("schema")), ANALYTICS)]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        return {"layer": str(dbt_resource_props.get("schema") or "marts")}


class BuildOptions(dagster.Config):
    """How to build: everything anew, or only what changed."""

    full_refresh: bool = False


def manifest() -> Path:
    """What `dbt parse` left: Dagster learns the models from it."""
    if not DBT_MANIFEST.is_file():
        raise FileNotFoundError(f"{DBT_MANIFEST} is missing: run make setup")
    return DBT_MANIFEST


@dbt_assets(
    manifest=manifest(),
    name="models",
    dagster_dbt_translator=Translator(),
    pool="warehouse_build",
)
def models(context: dagster.AssetExecutionContext, contrail: Contrail, config: BuildOptions) -> Iterator[Any]:
    """Build and test every model. Unit tests run with the code, not with the data."""
    settings = contrail.settings()
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if config.full_refresh:
        arguments.append("--full-refresh")
    # dagster-dbt hands its own environment to dbt; this process runs this one build.
    os.environ.update(dbt_environment(settings))
    with only_writer(settings, "build") as connection:
        invocation = dbt_cli(settings).cli(arguments, context=context, target_path=target_path(settings))
        for event in invocation.stream():
            yield _with_row_count(context, connection, event)


def _with_row_count(
    context: dagster.AssetExecutionContext, connection: psycopg.Connection[Any], event: Any
) -> Any:
    """Say how many rows a built table has. A staging view is not counted: that would cost its build."""
    if not isinstance(event, dagster.Output):
        return event
    schema, name = context.asset_key_for_output(event.output_name).path
    if schema == "staging":
        return event
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    row = connection.execute(query).fetchone()
    assert row is not None, "count always has a row"
    return event.with_metadata({**event.metadata, "dagster/row_count": row[0]})


def dbt_cli(settings: Settings) -> DbtCliResource:
    """The dbt of this virtual environment, quiet towards the outside."""
    return DbtCliResource(
        project_dir=str(DBT_PROJECT),
        profiles_dir=str(DBT_PROJECT),
        target=DBT_TARGET,
        dbt_executable=str(Path(sys.executable).with_name("dbt")),
        global_config_flags=["--no-use-colors"],
    )


def target_path(settings: Settings) -> Path:
    """Where a build keeps its compiled SQL, apart from the manifest that Dagster reads."""
    return settings.home / "dagster" / "dbt_target"


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The warehouse's address and password, as profiles.yml asks for them."""
    fields = conninfo_to_dict(settings.warehouse_dsn)
    return {
        "DBT_WAREHOUSE_HOST": str(fields.get("host", "127.0.0.1")),
        "DBT_WAREHOUSE_PORT": str(fields.get("port", "5432")),
        "DBT_WAREHOUSE_DATABASE": str(fields.get("dbname", "warehouse")),
        "DBT_WAREHOUSE_USER": str(fields.get("user", "warehouse")),
        "DBT_ENV_SECRET_WAREHOUSE_PASSWORD": str(fields.get("password", "")),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PGTZ": "UTC",
    }
