"""Every page under AppTest, against a real mart file and, where it is live, a real Postgres."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.queries import PAGES
from tests.dashboards.conftest import APP, RENDER_LIMIT_SECONDS, OpenPage
from tests.dashboards.live_rows import add_score, add_signal
from tests.dashboards.marts import AS_OF, VERSION, publish

Connection = psycopg.Connection[tuple[object, ...]]


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.metric}


@pytest.mark.postgres
@pytest.mark.parametrize("page", PAGES)
def test_page_renders_and_says_as_of_when(
    page: str, home: Path, live: Connection, open_page: OpenPage
) -> None:
    publish(home)

    app = open_page(page)

    assert not app.exception
    assert not app.error
    assert len(app.title) == 1
    assert "Mon 16 Mar 2026, 15:00 UTC" in app.caption[0].value
    assert VERSION in app.caption[0].value
    assert all(metric.help for metric in app.metric), "a figure without its definition"


@pytest.mark.postgres
@pytest.mark.parametrize("page", PAGES)
def test_numbers_are_titled_in_words_and_can_be_downloaded(
    page: str, home: Path, live: Connection, open_page: OpenPage
) -> None:
    publish(home, quarantined=1)
    now = datetime.now(UTC)
    add_signal(live, "s1", now)
    add_score(live, 70, now + timedelta(hours=1), "k1:aa")

    app = open_page(page)

    titles = [str(title) for frame in app.dataframe for title in frame.value.columns]
    assert titles
    assert [title for title in titles if "_" in title or title[0].islower()] == []
    assert len(app.get("download_button")) == len(app.dataframe)


def test_home_shows_the_week_and_its_change(home: Path, open_page: OpenPage) -> None:
    publish(home)

    app = open_page("home")

    assert metrics(app) == {
        "Bookings": "35",
        "Booked revenue": "USD 10,185",
        "Captured": "USD 12,075",
        "Refunds": "USD 1,890.00",
        "Load factor, flights with a sale": "60.0 %",
        "Open fraud signals": "3",
    }
    assert {metric.label: metric.delta for metric in app.metric} == {
        "Bookings": "0 %",
        "Booked revenue": "0 %",
        "Captured": "0 %",
        "Refunds": "0 %",
        "Load factor, flights with a sale": "0 %",
        "Open fraud signals": "+200 %",
    }
    assert any("4 tables equal" in text.value for text in app.markdown)


def test_home_shows_the_day_when_asked(home: Path, open_page: OpenPage) -> None:
    publish(home)

    app = open_page("home")
    app.segmented_control(key="period").set_value("24 hours").run()

    assert metrics(app)["Bookings"] == "5"


def test_revenue_divides_sums_and_follows_its_filters(home: Path, open_page: OpenPage) -> None:
    publish(home)

    app = open_page("revenue")

    # 20 days of 5 paid bookings: 4 kept at 345.00 and 1 cancelled with a penalty of 75.00.
    assert metrics(app) == {
        "Bookings": "100",
        "Booked revenue": "USD 29,100",
        "Cancellation rate": "20.0 %",
        "Average fare": "USD 300.00",
        "Yield per 100 km": "USD 7.50",
    }
    app.selectbox(key="chosen_route").set_value("JFK-LHR").run()
    assert metrics(app)["Bookings"] == "20"
    app.selectbox(key="chosen_cabin").set_value("first").run()
    assert "No bookings match these filters." in app.info[0].value
    assert not app.exception


def test_filters_come_from_the_address(home: Path) -> None:
    publish(home)
    app = AppTest.from_file(str(APP.parent / "app_pages/revenue.py"), default_timeout=RENDER_LIMIT_SECONDS)
    app.query_params["route"] = "EWR-SFO"
    app.query_params["created"] = "7 days"

    app.run()

    assert app.selectbox(key="chosen_route").value == "EWR-SFO"
    assert metrics(app)["Bookings"] == "14"


def test_inventory_weighs_load_factor_by_kilometres(home: Path, open_page: OpenPage) -> None:
    publish(home)

    app = open_page("inventory")

    # 20 departures sold 90 of 150 seats, 20 sold 30, and 20 sold none.
    assert metrics(app) == {
        "Departures": "60",
        "Seats authorised": "9,000",
        "Seats sold": "2,400",
        "Seats open": "6,480",
        "Load factor": "26.7 %",
        "Load factor, flights with a sale": "40.0 %",
    }
    app.selectbox(key="chosen_day").set_value(AS_OF.date().isoformat()).run()
    assert metrics(app)["Departures"] == "3"


@pytest.mark.postgres
def test_fraud_desk_shows_live_signals_and_scores(home: Path, live: Connection, open_page: OpenPage) -> None:
    publish(home)
    now = datetime.now(UTC)
    add_signal(live, "fresh", now - timedelta(minutes=1))
    add_signal(live, "shadow", now - timedelta(minutes=2), mode="shadow")
    add_signal(live, "old", now - timedelta(hours=30))
    add_score(live, 70, now + timedelta(hours=1), "k1:aa")
    add_score(live, 20, now + timedelta(hours=1), "k1:bb")
    add_score(live, 90, now - timedelta(hours=1), "k1:cc")

    app = open_page("fraud_desk")

    shown = metrics(app)
    assert shown["Open fraud signals"] == "1"
    assert shown["Entities under review"] == "1"
    assert shown["Commit to signal"] == "0.30 s"
    assert shown["Payments held or refused"] == "1 of 5"
    assert app.dataframe[0].value["Mode"].tolist() == ["review", "shadow"]
    assert app.dataframe[1].value["Score"].tolist() == [70, 20]
    assert "7 cards from one device" in app.dataframe[1].value["Reasons"][0]


def test_fraud_desk_without_the_core_says_what_to_do_and_keeps_its_history(
    home: Path, open_page: OpenPage
) -> None:
    publish(home)

    app = open_page("fraud_desk")

    assert not app.exception
    assert "contrail status" in app.error[0].value
    assert metrics(app)["Payments held or refused"] == "1 of 5"


@pytest.mark.postgres
def test_fraud_desk_says_so_when_the_core_does_not_answer(
    home: Path, live: Connection, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(home)
    monkeypatch.setenv("CONTRAIL_CORE_PORT", "1")

    app = open_page("fraud_desk")

    assert not app.exception
    assert "The live tables do not answer" in app.error[0].value


def test_data_quality_shows_equality_and_quarantine(home: Path, open_page: OpenPage) -> None:
    publish(home, quarantined=2)

    app = open_page("data_quality")

    assert metrics(app) == {
        "Tables equal": "4 of 4",
        "Rows compared": "1,000",
        "Change events": "2,500",
        "Commit to load": "12 s",
        "Files in quarantine": "2",
    }
    assert "0 missing, 0 extra, 0 different" in app.success[0].value
    assert "2 files wait" in app.warning[0].value


def test_data_quality_and_home_do_not_hide_a_difference(home: Path, open_page: OpenPage) -> None:
    publish(home, different=3)

    app = open_page("data_quality")

    assert metrics(app)["Tables equal"] == "3 of 4"
    assert "3 rows differ" in app.error[0].value
    home_page = open_page("home")
    assert any("3 rows differ" in text.value for text in home_page.markdown)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_published_says_what_to_run(page: str, home: Path, open_page: OpenPage) -> None:
    app = open_page(page)

    assert not app.exception
    assert len(app.title) == 1
    assert "contrail demo" in app.info[0].value


@pytest.mark.postgres
@pytest.mark.parametrize("page", PAGES)
def test_empty_marts_say_what_to_do(page: str, home: Path, live: Connection, open_page: OpenPage) -> None:
    publish(home, empty=True)

    app = open_page(page)

    assert not app.exception
    assert app.info, "an empty page without advice"


@pytest.mark.parametrize("pointer", ["", "[]", "{}", '{"version": "1", "path": "gone.duckdb"}'])
def test_broken_pointer_is_an_error_that_says_what_to_do(
    pointer: str, home: Path, open_page: OpenPage
) -> None:
    publish(home)
    (home / "published" / "current.json").write_text(pointer)

    app = open_page("home")

    assert not app.exception
    assert "cannot be read" in app.error[0].value
    assert "contrail demo" in app.error[0].value


def test_broken_mart_file_is_an_error_that_says_what_to_do(home: Path, open_page: OpenPage) -> None:
    publish(home).write_bytes(b"not a database")

    app = open_page("home")

    assert not app.exception
    assert "cannot be opened" in app.error[0].value


def test_page_turns_to_a_new_version_when_one_is_published(home: Path, open_page: OpenPage) -> None:
    publish(home)
    app = open_page("home")
    assert metrics(app)["Bookings"] == "35"

    publish(home, as_of=AS_OF + timedelta(days=5), version="later")
    app.run()

    assert "later" in app.caption[0].value
    assert "Sat 21 Mar 2026" in app.caption[0].value
