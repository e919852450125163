"""What the dashboard tests share: a published file, the live tables, and the app under AppTest."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from deploy.local.postgres import superuser_dsn
from tests.databases import TestDatabase

APP = Path(__file__).parents[2] / "dashboards" / "streamlit_app.py"
RENDER_LIMIT_SECONDS = 30

OpenPage = Callable[[str], AppTest]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CONTRAIL_HOME of the test's own, with nothing in it and nobody behind its ports."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setenv("CONTRAIL_HOME", str(tmp_path))
    monkeypatch.delenv("CONTRAIL_SECRETS_DIR", raising=False)
    monkeypatch.delenv("CONTRAIL_CORE_PORT", raising=False)
    return tmp_path


@pytest.fixture
def live(
    core_database: TestDatabase, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The live tables of a real core, empty before and after; the pages find them by the environment."""
    monkeypatch.setenv("CONTRAIL_SECRETS_DIR", str(core_database.home / "secrets"))
    monkeypatch.setenv("CONTRAIL_CORE_PORT", str(core_database.port))
    dsn = superuser_dsn(core_database.home, "core", core_database.host, core_database.port)
    with psycopg.connect(dsn, dbname=core_database.name, autocommit=True) as connection:
        connection.execute("delete from live.fraud_signals")
        connection.execute("delete from live.fraud_scores")
        yield connection
        connection.execute("delete from live.fraud_signals")
        connection.execute("delete from live.fraud_scores")


@pytest.fixture
def open_page() -> OpenPage:
    """Runs the app as a browser would: the start page first, then the page asked for."""

    def run(page: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=RENDER_LIMIT_SECONDS).run()
        return app if page == "home" else app.switch_page(f"app_pages/{page}.py").run()

    return run
