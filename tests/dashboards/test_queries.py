"""The statements: what they read, that they run, and that a page keeps to its own."""

from pathlib import Path

import pytest

from dashboards.definitions import DEFINITIONS
from dashboards.queries import PAGE_LIVE_TABLES, PAGE_RELATIONS, PAGES, home, revenue
from dashboards.queries.query import Query
from dashboards.warehouse import NotPublished, Reader, current_publication, open_publication
from tests.dashboards.marts import TABLES, publish


def test_relations_are_read_from_the_statement() -> None:
    query = Query("any", "select 1 from marts.fct_booking join marts.dim_date on true, live.fraud_scores")

    assert query.relations == {"marts.fct_booking", "marts.dim_date", "live.fraud_scores"}


def test_pages_read_only_published_models_and_their_live_tables() -> None:
    published = {line.split()[2] for line in TABLES.splitlines() if line.startswith("create table")}

    assert set().union(*PAGE_RELATIONS.values()) <= published
    assert {page: tables for page, tables in PAGE_LIVE_TABLES.items() if tables} == {
        "fraud_desk": {"live.fraud_signals", "live.fraud_scores"}
    }


def test_query_names_are_unique_within_a_page() -> None:
    for queries in PAGES.values():
        names = [query.name for query in queries]
        assert len(names) == len(set(names))


def test_no_statement_averages_or_stores_a_ratio() -> None:
    statements = [query.sql.lower() for queries in PAGES.values() for query in queries]

    assert [sql for sql in statements if "avg(" in sql] == []


def test_page_cannot_ask_another_pages_query(home_with_marts: Reader) -> None:
    with pytest.raises(LookupError, match="not a query of the page home"):
        home_with_marts.fetch(revenue.TOTALS)


def test_sums_stay_whole_numbers(home_with_marts: Reader) -> None:
    trend = home_with_marts.fetch(home.TREND, first_day="2026-03-01", last_day="2026-03-16", currency="USD")

    assert trend["booked_minor"].dtype == "int64"
    assert trend["booked_minor"].sum() == 16 * (4 * 34_500 + 7_500)


def test_published_file_cannot_be_written_or_left(home_with_marts: Reader) -> None:
    connection = open_publication(home_with_marts.publication.path)

    for statement in ("delete from marts.fct_booking", "select * from read_text('/etc/hostname')"):
        with pytest.raises(Exception, match=r"read-only|disabled"):
            connection.execute(statement)
    connection.close()


def test_missing_pointer_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(NotPublished):
        current_publication(tmp_path)


def test_definitions_are_sentences() -> None:
    assert [key for key, found in DEFINITIONS.items() if not found.text.endswith(".")] == []


@pytest.fixture
def home_with_marts(home: Path) -> Reader:
    publish(home)
    return Reader("home", current_publication(home / "published"))
