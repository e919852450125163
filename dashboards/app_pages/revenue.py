"""Owns the Revenue page: what was booked, on which routes and in which cabins."""

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from dashboards import charts, formats
from dashboards.layout import ALL, card, choose, choose_currency, open_page, show_empty, show_figure
from dashboards.queries import revenue
from dashboards.warehouse import Parameters, Reader, Row, rows

PERIODS = {"7 days": 7, "28 days": 28, "90 days": 90, ALL: None}
CABINS = ("economy", "premium_economy", "business", "first")


def choose_filters(reader: Reader, currency: str) -> Parameters:
    """The filters, each bound to the address of the page."""
    routes = {ALL: "All routes"} | {
        row["route_key"]: route_name(row) for row in rows(reader.fetch(revenue.ROUTES))
    }
    left, middle, right = st.columns([3, 4, 2])
    with left:
        period = st.segmented_control(
            "Created in the last",
            list(PERIODS),
            default="28 days",
            key="created",
            bind="query-params",
            required=True,
        )
    with middle:
        route = choose("Route", routes, "route")
    with right:
        cabin = choose("Cabin", {ALL: "All cabins"} | {name: cabin_name(name) for name in CABINS}, "cabin")
    last_day = reader.publication.as_of.date()
    return {
        "first_day": first_day(reader, last_day, PERIODS[period]),
        "last_day": last_day,
        "currency": currency,
        "route": route,
        "cabin": cabin,
    }


def cabin_name(cabin: str) -> str:
    return cabin.replace("_", " ").capitalize()


def first_day(reader: Reader, last_day: date, days: int | None) -> date:
    if days is not None:
        return last_day - timedelta(days=days - 1)
    first = reader.fetch_one(revenue.FIRST_DAY)["first_day"]
    return pd.Timestamp(str(first)).date()


def show_cards(reader: Reader, filters: Parameters, currency: str) -> None:
    totals = reader.fetch_one(revenue.TOTALS, **filters)
    coupons = reader.fetch_one(revenue.COUPONS, **filters)
    fare = formats.ratio(coupons["fare_minor"], coupons["coupons"])
    per_km = formats.ratio(coupons["fare_minor"], coupons["distance_km"])
    columns = st.columns(5)
    with columns[0]:
        card("bookings", formats.count(totals["bookings"]))
    with columns[1]:
        card("booked_revenue", formats.money(totals["booked_minor"], currency))
    with columns[2]:
        card("cancellation_rate", formats.percent(totals["cancelled"], totals["bookings"]))
    with columns[3]:
        card("average_fare", formats.NOTHING if fare is None else formats.money(fare, currency))
    with columns[4]:
        value = formats.NOTHING if per_km is None else formats.money(100 * per_km, currency)
        card("yield", value)


def in_major_units(minor: "pd.Series[int]", currency: str) -> list[float]:
    return [formats.major_units(amount, currency) for amount in minor]


def show_by_day(reader: Reader, filters: Parameters, currency: str) -> None:
    days = reader.fetch(revenue.BY_DAY, **filters)
    days["booked"] = in_major_units(days["booked_minor"], currency)
    numbers = pd.DataFrame(
        {
            "Day": days["date_day"],
            "Bookings": days["bookings"],
            "Of these cancelled": days["cancelled"],
            f"Booked revenue ({currency})": days["booked"],
        }
    )
    left, right = st.columns(2)
    with left:
        show_figure(
            f"Booked revenue by day of booking ({currency})",
            charts.bars_by_day(days, "date_day", "booked", title=f"Booked revenue ({currency})"),
            numbers,
            file_name="revenue_by_day",
            definition="booked_revenue",
        )
    with right:
        kept = days.assign(state="kept", number=days["bookings"] - days["cancelled"])
        gone = days.assign(state="cancelled", number=days["cancelled"])
        show_figure(
            "Bookings by day, kept and cancelled",
            charts.stacked_by_day(
                pd.concat([kept, gone]),
                "date_day",
                "number",
                "state",
                title="Bookings",
                kind_title="Now",
                colours={"kept": charts.BLUE, "cancelled": charts.RED},
            ),
            numbers,
            file_name="bookings_kept_and_cancelled",
            definition="cancellation_rate",
        )


def show_by_route(reader: Reader, filters: Parameters, currency: str) -> None:
    routes = reader.fetch(revenue.BY_ROUTE, **filters)
    routes.insert(0, "name", [route_name(row) for row in rows(routes)])
    routes["booked"] = in_major_units(routes["booked_minor"], currency)
    show_figure(
        f"Booked revenue by route, the largest {len(routes)}",
        charts.ranking(routes, "name", "booked", title=f"Booked revenue ({currency})"),
        pd.DataFrame(
            {
                "Route": routes["name"],
                "Bookings": routes["bookings"],
                "Of these cancelled": routes["cancelled"],
                f"Booked revenue ({currency})": routes["booked"],
            }
        ),
        file_name="revenue_by_route",
    )


def route_name(row: Row) -> str:
    return f"{row['route_key']} · {row['origin_city']} – {row['destination_city']}"


def show_by_cabin(reader: Reader, filters: Parameters, currency: str) -> None:
    classes = reader.fetch(revenue.BY_CABIN, **filters)
    if classes.empty:
        return
    classes.insert(0, "name", [f"{cabin_name(row['cabin'])} {row['fare_class']}" for row in rows(classes)])
    classes["fare"] = in_major_units(classes["fare_minor"], currency)
    show_figure(
        "Fares by cabin and fare class",
        charts.ranking(classes, "name", "fare", title=f"Fares ({currency})", colour=charts.GREEN),
        pd.DataFrame(
            {
                "Cabin and class": classes["name"],
                "Flight coupons": classes["coupons"],
                f"Fares ({currency})": classes["fare"],
                f"Average fare ({currency})": (classes["fare"] / classes["coupons"]).round(2),
                f"Yield ({currency} per 100 km)": (100 * classes["fare"] / classes["distance_km"]).round(2),
            }
        ),
        file_name="fares_by_cabin",
        definition="average_fare",
    )


reader = open_page("revenue", "Bookings and revenue")
currency = choose_currency(reader)
filters = choose_filters(reader, currency)
if reader.fetch_one(revenue.TOTALS, **filters)["bookings"] == 0:
    show_empty("No bookings match these filters.", "Choose a longer period, another route or all cabins.")
    st.stop()
show_cards(reader, filters, currency)
show_by_day(reader, filters, currency)
left, right = st.columns(2)
with left:
    show_by_route(reader, filters, currency)
with right:
    show_by_cabin(reader, filters, currency)
