"""Owns the Home page: how fresh the figures are, and the six that matter first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from dashboards import charts, formats
from dashboards.layout import card, choose_currency, open_page, show_figure
from dashboards.queries import home, shared
from dashboards.warehouse import Reader, Row, rows

PERIODS = {"24 hours": timedelta(days=1), "7 days": timedelta(days=7)}
WEEK = timedelta(days=7)
TREND_DAYS = 28
SIGNALS_STAY_OPEN = timedelta(hours=24)


@dataclass(frozen=True)
class Figures:
    """The sums of one period; every ratio is divided from these."""

    bookings: int
    booked_minor: int
    captured_minor: int
    refunded_minor: int
    rpk_km: float
    ask_km: float
    signals: int


def read_figures(reader: Reader, ends_at: datetime, period: timedelta, currency: str) -> Figures:
    window = {"starts_at": ends_at - period, "ends_at": ends_at}
    bookings = reader.fetch_one(home.BOOKINGS, currency=currency, **window)
    payments = reader.fetch_one(home.PAYMENTS, currency=currency, **window)
    load = reader.fetch_one(home.LOAD, **window)
    signals = reader.fetch_one(home.SIGNALS, starts_at=ends_at - SIGNALS_STAY_OPEN, ends_at=ends_at)
    return Figures(
        bookings=int(bookings["bookings"]),
        booked_minor=int(bookings["booked_minor"]),
        captured_minor=int(payments["captured_minor"]),
        refunded_minor=int(payments["refunded_minor"]),
        rpk_km=float(load["rpk_km"]),
        ask_km=float(load["ask_km"]),
        signals=int(signals["signals"]),
    )


def show_freshness(reader: Reader) -> None:
    publication = reader.publication
    state = reader.fetch_one(shared.RECONCILIATION_STATE)
    commit, published, reconciled = st.columns(3, border=True)
    with commit:
        st.markdown("**Commit → warehouse**")
        st.markdown(f"as of {formats.moment(publication.as_of)}")
        behind = formats.span(publication.published_at - publication.as_of)
        st.caption(f"the newest change was {behind} old when it was published")
    with published:
        st.markdown("**Published version**")
        st.markdown(publication.version)
        age = formats.span(datetime.now(UTC) - publication.published_at)
        st.caption(f"published {formats.moment(publication.published_at)}, {age} ago")
    with reconciled:
        st.markdown("**Warehouse = source**")
        show_reconciliation(state)


def show_reconciliation(state: Row) -> None:
    if not state["tables"]:
        st.badge("not compared yet", icon=":material/pending:", color="gray")
        st.caption("the comparison runs before each publication")
        return
    apart = int(state["missing"]) + int(state["extra"]) + int(state["different"])
    if apart == 0:
        st.badge(f"{state['tables']} tables equal", icon=":material/check_circle:", color="green")
    else:
        st.badge(f"{formats.count(apart)} rows differ", icon=":material/error:", color="red")
    st.caption(
        f"{formats.count(state['missing'])} missing / {formats.count(state['extra'])} extra / "
        f"{formats.count(state['different'])} different of {formats.count(state['source_rows'])} rows"
    )


def show_cards(now: Figures, before: Figures, trend: pd.DataFrame, currency: str) -> None:
    against = "vs same weekdays last week"
    first, second = st.columns(3), st.columns(3)
    with first[0]:
        card(
            "bookings",
            formats.count(now.bookings),
            delta=formats.change(now.bookings, before.bookings),
            against=against,
            trend=trend["bookings"].tolist(),
        )
    with first[1]:
        card(
            "booked_revenue",
            formats.money(now.booked_minor, currency),
            delta=formats.change(now.booked_minor, before.booked_minor),
            against=against,
            trend=trend["booked_minor"].tolist(),
        )
    with first[2]:
        card(
            "captured",
            formats.money(now.captured_minor, currency),
            delta=formats.change(now.captured_minor, before.captured_minor),
            against=against,
            trend=trend["captured_minor"].tolist(),
        )
    with second[0]:
        card(
            "refunds",
            formats.money(now.refunded_minor, currency),
            delta=formats.change(now.refunded_minor, before.refunded_minor),
            against=against,
            trend=trend["refunded_minor"].tolist(),
            more_is_worse=True,
        )
    with second[1]:
        shares = [formats.ratio(day["rpk_km"], day["ask_km"]) or 0.0 for day in rows(trend)]
        card(
            "load_factor_on_sale",
            formats.percent(now.rpk_km, now.ask_km),
            delta=formats.change(
                formats.ratio(now.rpk_km, now.ask_km), formats.ratio(before.rpk_km, before.ask_km)
            ),
            against=against,
            trend=[100 * share for share in shares],
        )
    with second[2]:
        card(
            "open_fraud_signals",
            formats.count(now.signals),
            delta=formats.change(now.signals, before.signals),
            against=against,
            trend=trend["signals"].tolist(),
            more_is_worse=True,
        )


def numbers_in_words(trend: pd.DataFrame, currency: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Day": trend["date_day"],
            "Bookings": trend["bookings"],
            f"Booked revenue ({currency})": [
                formats.major_units(minor, currency) for minor in trend["booked_minor"]
            ],
            f"Captured ({currency})": [
                formats.major_units(minor, currency) for minor in trend["captured_minor"]
            ],
            f"Refunds ({currency})": [
                formats.major_units(minor, currency) for minor in trend["refunded_minor"]
            ],
            "Passenger km (RPK)": trend["rpk_km"],
            "Seat km (ASK)": trend["ask_km"],
            "Fraud signals": trend["signals"],
        }
    )


reader = open_page("home", "Contrail today")
currency = choose_currency(reader)
show_freshness(reader)
chosen = st.segmented_control(
    "Period", list(PERIODS), default="7 days", key="period", bind="query-params", required=True
)
as_of = reader.publication.as_of
period = PERIODS[chosen]
st.subheader(f"The {chosen} up to {formats.moment(as_of)}", anchor=False)
trend = reader.fetch(
    home.TREND,
    first_day=as_of.date() - timedelta(days=TREND_DAYS - 1),
    last_day=as_of.date(),
    currency=currency,
)
show_cards(
    read_figures(reader, as_of, period, currency),
    read_figures(reader, as_of - WEEK, period, currency),
    trend,
    currency,
)
show_figure(
    f"Bookings a day, last {TREND_DAYS} days",
    charts.bars_by_day(trend, "date_day", "bookings", title="Bookings"),
    numbers_in_words(trend, currency),
    file_name="bookings_by_day",
    definition="bookings",
)
st.caption(
    "Demand is simulated: seeded travellers book on a real schedule (New York departures of 2013, moved by "
    "whole weeks), and mirrored return flights are marked simulated."
)
