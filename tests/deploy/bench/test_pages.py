"""Rendering every page from outside: what is well, what is not, and why."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from deploy.bench.pages import PROBLEMS, first_figure
from deploy.local.settings import PROJECT_ROOT
from tests.dashboards.live_rows import add_score, add_signal
from tests.dashboards.marts import publish
from tests.databases import TestDatabase

COMMAND_LIMIT_SECONDS = 240


def render(home: Path, **settings: str) -> tuple[int, list[dict[str, object]]]:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.bench.pages", "--json"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "CONTRAIL_HOME": str(home), **settings},
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode, list(json.loads(done.stdout))


@pytest.mark.postgres
def test_well_pages_show_a_figure_each(core_database: TestDatabase, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    publish(tmp_path, as_of=now)
    with psycopg.connect(core_database.conninfo("live_rw"), autocommit=True) as live:
        add_signal(live, "pages", now)
        add_score(live, 70, now + timedelta(hours=1), "k1:aa")
        try:
            code, pages = render(
                tmp_path,
                CONTRAIL_SECRETS_DIR=str(core_database.home / "secrets"),
                CONTRAIL_CORE_PORT=str(core_database.port),
            )
        finally:
            live.execute("delete from live.fraud_signals")
            live.execute("delete from live.fraud_scores")

    assert code == 0, pages
    assert [page["name"] for page in pages] == ["home", "revenue", "inventory", "fraud_desk", "data_quality"]
    assert all(page["ok"] and page["figure"] and page["error"] is None for page in pages), pages


def test_pages_without_anything_published_are_not_well(tmp_path: Path) -> None:
    code, pages = render(tmp_path)

    assert code == PROBLEMS
    assert not any(page["ok"] for page in pages)
    assert all("Nothing has been published yet" in str(page["error"]) for page in pages)


@pytest.mark.parametrize(
    ("values", "figure"),
    [
        (["USD 10,185"], 10185.0),
        (["0", "0.0 %", "4 of 4"], 4.0),
        (["–", "0"], None),
        ([], None),
    ],
)
def test_first_figure_is_the_first_that_is_not_zero(values: list[str], figure: float | None) -> None:
    assert first_figure(values) == figure
