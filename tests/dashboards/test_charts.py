"""Charts and wording as pure functions."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from dashboards import charts, formats

DAYS = pd.DataFrame({"day": pd.to_datetime(["2026-03-01", "2026-03-02"]), "number": [3, 5]})


def test_chart_tells_its_figures_to_those_who_cannot_see_it() -> None:
    figure = charts.bars_by_day(DAYS, "day", "number", title="Bookings")

    assert figure.alt == ("Bookings, one bar a day. 2 points, total 8, largest 5 (2026-03-02 00:00:00).")
    assert figure.chart.to_dict()["mark"]["type"] == "bar"


def test_chart_without_data_says_so() -> None:
    assert charts.bars_by_day(DAYS.head(0), "day", "number", title="Bookings").alt.endswith("No data.")


def test_stacked_chart_keeps_one_colour_a_decision() -> None:
    frame = DAYS.assign(decision=["allow", "block"])

    figure = charts.stacked_by_day(
        frame,
        "day",
        "number",
        "decision",
        title="Payments",
        kind_title="Decision",
        colours=charts.DECISION_COLOURS,
    )

    scale = figure.chart.to_dict()["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == charts.DECISION_COLOURS


def test_seats_of_a_departure_add_up_in_the_chart() -> None:
    frame = pd.DataFrame({"name": ["B6 1"], "Sold": [90], "Held": [2], "Open": [58]})

    specification = charts.seats_by_departure(frame, "name", ["Sold", "Held", "Open"]).chart.to_dict()

    (rows,) = specification["datasets"].values()
    assert sum(row["seats"] for row in rows) == 150


def test_palette_is_without_repeats() -> None:
    assert len(set(charts.PALETTE)) == len(charts.PALETTE)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(123_45, "USD", "USD 123.45"), (1_234_567_89, "USD", "USD 1,234,568"), (1500, "JPY", "JPY 1,500.00")],
)
def test_money_is_written_in_its_own_unit(minor: int, currency: str, written: str) -> None:
    assert formats.money(minor, currency) == written


def test_a_share_of_nothing_is_not_zero() -> None:
    assert formats.percent(0, 0) == "–"
    assert formats.percent(0, 5) == "0.0 %"


@pytest.mark.parametrize(
    ("now", "before", "written"), [(12, 10, "+20 %"), (5, 10, "-50 %"), (10, 10, "0 %"), (3, 0, None)]
)
def test_change_is_relative_to_what_was(now: float, before: float, written: str | None) -> None:
    assert formats.change(now, before) == written


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_spans_are_read_at_a_glance(length: timedelta, written: str) -> None:
    assert formats.span(length) == written


def test_moments_name_their_zone() -> None:
    assert formats.moment(datetime(2026, 3, 1, 9, 5, tzinfo=UTC)) == "Sun 01 Mar 2026, 09:05 UTC"
