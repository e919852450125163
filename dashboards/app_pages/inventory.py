"""Owns the Inventory page: how full the departures are and what can still be sold."""

from datetime import date

import pandas as pd
import streamlit as st

from dashboards import charts, formats
from dashboards.layout import ALL, card, choose, open_page, show_empty, show_figure
from dashboards.queries import inventory
from dashboards.warehouse import Parameters, Reader, Row, rows

DEPARTURES_DRAWN = 25


def choose_filters(reader: Reader) -> Parameters:
    """The filters, each bound to the address of the page."""
    routes = {ALL: "All routes"} | {
        row["route_key"]: f"{row['route_key']} · {row['origin_city']} – {row['destination_city']}"
        for row in rows(reader.fetch(inventory.ROUTES))
    }
    days = {ALL: "All days"} | {
        f"{row['departure_date']:%Y-%m-%d}": f"{row['departure_date']:%a %d %b %Y}"
        for row in rows(reader.fetch(inventory.DAYS))
    }
    left, right = st.columns(2)
    with left:
        route = choose("Route", routes, "route")
    with right:
        day = choose("Day of departure (local)", days, "day")
    return {"route": route, "day": None if day is None else date.fromisoformat(day)}


def show_cards(totals: Row) -> None:
    columns = [*st.columns(3), *st.columns(3)]
    with columns[0]:
        card("departures", formats.count(totals["departures"]))
    with columns[1]:
        card("seats_authorised", formats.count(totals["authorised"]))
    with columns[2]:
        card("seats_sold", formats.count(totals["sold"]))
    with columns[3]:
        card("seats_open", formats.count(totals["seats_open"]))
    with columns[4]:
        card("load_factor", formats.percent(totals["rpk_km"], totals["ask_km"]))
    with columns[5]:
        card("load_factor_on_sale", formats.percent(totals["rpk_km"], totals["ask_on_sale_km"]))


def show_by_day(reader: Reader, filters: Parameters) -> None:
    days = reader.fetch(inventory.BY_DAY, **filters)
    if days.empty:
        show_empty("No seat has been sold on these departures.", "Choose another route or all days.")
        return
    days["share"] = [formats.ratio(row["rpk_km"], row["ask_km"]) or 0.0 for row in rows(days)]
    show_figure(
        "Load factor by day of departure, flights with a sale",
        charts.share_by_day(days, "departure_date", "share", title="Load factor"),
        pd.DataFrame(
            {
                "Day of departure": days["departure_date"],
                "Departures with a sale": days["departures"],
                "Seats authorised": days["authorised"],
                "Seats held": days["held"],
                "Seats sold": days["sold"],
                "Passenger km (RPK)": days["rpk_km"],
                "Seat km (ASK)": days["ask_km"],
                "Load factor, %": 100 * days["share"],
            }
        ),
        file_name="load_factor_by_day",
        definition="load_factor_on_sale",
    )


def show_by_departure(reader: Reader, filters: Parameters) -> None:
    departures = reader.fetch(inventory.BY_DEPARTURE, **filters)
    names = [
        f"{row['flight']} {row['route_key']}, {row['departs_at']:%a %d %b %H:%M}Z" for row in rows(departures)
    ]
    departures.insert(0, "name", names)
    drawn = departures.head(DEPARTURES_DRAWN).rename(
        columns={"sold": "Sold", "held": "Held", "seats_open": "Open"}
    )
    show_figure(
        f"Seats of the {len(drawn)} departures with the most sold",
        charts.seats_by_departure(drawn, "name", ["Sold", "Held", "Open"]),
        pd.DataFrame(
            {
                "Flight": departures["flight"],
                "Route": departures["route_key"],
                "Day of departure": departures["departure_date"],
                "Departs at (UTC)": departures["departs_at"],
                "Status": departures["flight_status"].str.replace("_", " "),
                "Capacity": departures["capacity"],
                "Authorised": departures["authorised"],
                "Held": departures["held"],
                "Sold": departures["sold"],
                "Open": departures["seats_open"],
                "Load factor, %": [
                    100 * (formats.ratio(row["rpk_km"], row["ask_km"]) or 0.0) for row in rows(departures)
                ],
            }
        ),
        file_name="seats_by_departure",
        definition="seats_open",
    )


reader = open_page("inventory", "Seats and load factor by departure")
filters = choose_filters(reader)
totals = reader.fetch_one(inventory.TOTALS, **filters)
if totals["departures"] == 0:
    show_empty(
        "There are no departures here.",
        "Choose another route or day; an empty network is filled by `contrail load-schedule`.",
    )
    st.stop()
show_cards(totals)
show_by_day(reader, filters)
show_by_departure(reader, filters)
