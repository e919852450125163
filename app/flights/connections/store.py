"""Flights that make a slice, over their index on route and day; each statement looks at a bounded number."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.flights.connections.limits import (
    BETWEEN_EXAMINED,
    FLIGHTS_EXAMINED,
    HUBS_EXAMINED,
    INWARD_EXAMINED,
    ONWARD_EXAMINED,
)
from app.flights.connections.schemas import (
    ClassOfADay,
    ConnectionBounds,
    MonthQuery,
    SliceQuery,
    TimeWindow,
)
from app.flights.schemas import Departure, FlightStatus

_COLUMNS = """
    flight.id as flight_id, flight.airline, flight.flight_number, flight.origin, flight.destination,
    flight.departure_date, flight.departs_local, flight.departs_zone, flight.arrives_local,
    flight.arrives_zone, flight.departs_at, flight.arrives_at, flight.aircraft_type,
    flight.distance_km, cabin.classes, cabin.seats_open, cabin.source_ts,
    statement_timestamp() as read_at
"""
# The seats of the dearest class are the most a cabin can sell, since limits are nested.
_HAS_SEATS = "cabin.seats_open[1] >= :seats"
_FOR_SALE = """
    flight.status = any(:statuses)
        and (cast(:airlines as text[]) is null or flight.airline = any(:airlines))
"""
_DEPARTS_IN_TIME = """
    (
        cast(:departs_earliest as time) is null
        or case when cast(:departs_earliest as time) <= cast(:departs_latest as time)
            then cast(flight.departs_local as time) between :departs_earliest and :departs_latest
            else cast(flight.departs_local as time) >= :departs_earliest
                or cast(flight.departs_local as time) <= :departs_latest
        end
    )
"""
_ARRIVES_IN_TIME = _DEPARTS_IN_TIME.replace("departs", "arrives")
_FIND_DIRECT = text(f"""
    select {_COLUMNS}
    from app.flights as flight
    join live.availability as cabin on cabin.flight_id = flight.id and cabin.cabin = :cabin
    where flight.origin = :origin
        and flight.destination = :destination
        and flight.departure_date = :departure_date
        and flight.departs_at > :departs_after
        and {_FOR_SALE}
        and {_DEPARTS_IN_TIME}
        and {_ARRIVES_IN_TIME}
    order by flight.departs_at, flight.id
    limit :limit
""")
# The first flights out and the last flights in. A flight that crosses the date line may connect to one that
# leaves the day before, by the calendars of their airports.
_OUT_AND_IN = f"""
    flights_out as materialized (
        select flight.id, flight.airline, flight.destination as hub, flight.departs_at, flight.arrives_at,
            flight.distance_km
        from app.flights as flight
        join live.availability as cabin on cabin.flight_id = flight.id and cabin.cabin = :cabin
        where flight.origin = :origin
            and flight.departure_date = :departure_date
            and flight.destination <> :destination
            and flight.departs_at > :departs_after
            and {_FOR_SALE}
            and {_HAS_SEATS}
            and {_DEPARTS_IN_TIME}
        order by flight.departs_at, flight.id
        limit {FLIGHTS_EXAMINED}
    ),
    flights_in as materialized (
        select flight.id, flight.airline, flight.origin as hub, flight.departs_at, flight.arrives_at,
            flight.distance_km
        from app.flights as flight
        join live.availability as cabin on cabin.flight_id = flight.id and cabin.cabin = :cabin
        where flight.destination = :destination
            and flight.departure_date between cast(:departure_date as date) - 1
                and cast(:departure_date as date) + 2
            and flight.origin <> :origin
            and {_FOR_SALE}
            and {_HAS_SEATS}
            and {_ARRIVES_IN_TIME}
        order by flight.departs_at, flight.id
        limit {INWARD_EXAMINED}
    )
"""
_FIND_ONE_STOP = text(f"""
    with {_OUT_AND_IN},
    onward as (
        select flight_out.id as first_id, flight_in.id as last_id,
            flight_in.arrives_at - flight_out.departs_at as elapsed,
            row_number() over (
                partition by flight_out.id order by flight_in.arrives_at, flight_in.id
            ) as place
        from flights_out as flight_out
        join flights_in as flight_in on flight_in.hub = flight_out.hub
            and flight_in.airline = flight_out.airline
            and flight_in.departs_at between flight_out.arrives_at + :shortest
                and flight_out.arrives_at + :longest
        where flight_out.distance_km + flight_in.distance_km <= :longest_way_km
    )
    select array[first_id, last_id] as flight_ids
    from onward
    where place <= {ONWARD_EXAMINED}
    order by elapsed, first_id, last_id
    limit :limit
""")
_FIND_TWO_STOPS = text(f"""
    with {_OUT_AND_IN},
    first_hubs as (
        select hub from flights_out group by hub order by count(*) desc, hub limit {HUBS_EXAMINED}
    ),
    last_hubs as (
        select hub from flights_in group by hub order by count(*) desc, hub limit {HUBS_EXAMINED}
    ),
    flights_between as materialized (
        select flight.id, flight.airline, flight.origin, flight.destination, flight.departs_at,
            flight.arrives_at, flight.distance_km
        from first_hubs
        join last_hubs on last_hubs.hub <> first_hubs.hub
        join app.flights as flight on flight.origin = first_hubs.hub
            and flight.destination = last_hubs.hub
            and flight.departure_date between cast(:departure_date as date) - 1
                and cast(:departure_date as date) + 1
        join live.availability as cabin on cabin.flight_id = flight.id and cabin.cabin = :cabin
        where {_FOR_SALE}
            and {_HAS_SEATS}
        order by flight.departs_at, flight.id
        limit {BETWEEN_EXAMINED}
    ),
    halfway as (
        select flight_out.id as first_id, flight_out.departs_at as first_departs_at, flight_between.id,
            flight_between.airline, flight_between.destination, flight_between.arrives_at,
            flight_out.distance_km + flight_between.distance_km as way_km,
            row_number() over (
                partition by flight_out.id, flight_between.destination
                order by flight_between.arrives_at, flight_between.id
            ) as place
        from flights_out as flight_out
        join flights_between as flight_between on flight_between.origin = flight_out.hub
            and flight_between.airline = flight_out.airline
            and flight_between.departs_at between flight_out.arrives_at + :shortest
                and flight_out.arrives_at + :longest
        where flight_out.distance_km + flight_between.distance_km <= :longest_way_km
    ),
    onward as (
        select first_id, halfway.id as second_id, flight_in.id as last_id,
            flight_in.arrives_at - first_departs_at as elapsed,
            row_number() over (
                partition by first_id order by flight_in.arrives_at, halfway.id, flight_in.id
            ) as last_place
        from halfway
        join flights_in as flight_in on flight_in.hub = halfway.destination
            and flight_in.airline = halfway.airline
            and flight_in.departs_at between halfway.arrives_at + :shortest and halfway.arrives_at + :longest
        where halfway.place <= {ONWARD_EXAMINED}
            and halfway.way_km + flight_in.distance_km <= :longest_way_km
    )
    select array[first_id, second_id, last_id] as flight_ids
    from onward
    where last_place <= {ONWARD_EXAMINED}
    order by elapsed, first_id, second_id, last_id
    limit :limit
""")
_FIND_MONTH = text("""
    select distinct flight.departure_date, flight.airline, flight.distance_km, offered.fare_class
    from app.flights as flight
    join live.availability as cabin on cabin.flight_id = flight.id and cabin.cabin = :cabin
    cross join lateral unnest(cabin.classes, cabin.seats_open) as offered (fare_class, seats_open)
    where flight.origin = :origin
        and flight.destination = :destination
        and flight.departure_date >= :first_day
        and flight.departure_date < cast(:first_day as date) + interval '1 month'
        and flight.departs_at > :departs_after
        and flight.status = any(:statuses)
        and offered.seats_open > 0
""")
_FIND_BY_ID = text(f"""
    select {_COLUMNS}
    from app.flights as flight
    join live.availability as cabin on cabin.flight_id = flight.id and cabin.cabin = :cabin
    where flight.id = any(:flight_ids)
""")
_BY_STOPS = {1: _FIND_ONE_STOP, 2: _FIND_TWO_STOPS}


async def find_direct(
    session: AsyncSession,
    query: SliceQuery,
    statuses: Sequence[FlightStatus],
    departs_after: datetime,
    limit: int,
) -> list[Departure]:
    """Flights of the route by time, with the cabin's live availability."""
    parameters = _parameters(query, statuses, departs_after, limit)
    return [Departure(**row._mapping) for row in await session.execute(_FIND_DIRECT, parameters)]


async def find_connections(
    session: AsyncSession,
    query: SliceQuery,
    stops: int,
    statuses: Sequence[FlightStatus],
    departs_after: datetime,
    bounds: ConnectionBounds,
    limit: int,
) -> list[list[UUID]]:
    """The quickest ways with exactly so many stops, as the ids of their flights in order."""
    parameters = _parameters(query, statuses, departs_after, limit) | {
        "shortest": bounds.shortest,
        "longest": bounds.longest,
        "longest_way_km": bounds.longest_way_km,
    }
    return [list(row.flight_ids) for row in await session.execute(_BY_STOPS[stops], parameters)]


async def find_departures(session: AsyncSession, flight_ids: Sequence[UUID], cabin: str) -> list[Departure]:
    """Flights by id, with one cabin's live availability, in no order."""
    parameters = {"flight_ids": list(flight_ids), "cabin": cabin}
    return [Departure(**row._mapping) for row in await session.execute(_FIND_BY_ID, parameters)]


async def find_month(
    session: AsyncSession, query: MonthQuery, statuses: Sequence[FlightStatus], departs_after: datetime
) -> list[ClassOfADay]:
    """The classes with seats of each day, once for each airline and distance."""
    parameters = {
        "origin": query.origin,
        "destination": query.destination,
        "first_day": query.first_day,
        "cabin": query.cabin,
        "statuses": [status.value for status in statuses],
        "departs_after": departs_after,
    }
    return [ClassOfADay(**row._mapping) for row in await session.execute(_FIND_MONTH, parameters)]


def _parameters(
    query: SliceQuery, statuses: Sequence[FlightStatus], departs_after: datetime, limit: int
) -> dict[str, Any]:
    return {
        "origin": query.origin,
        "destination": query.destination,
        "departure_date": query.departure_date,
        "cabin": query.cabin,
        "seats": query.seats,
        "airlines": None if query.airlines is None else list(query.airlines),
        "statuses": [status.value for status in statuses],
        "departs_after": departs_after,
        "limit": limit,
        **_window("departs", query.departs),
        **_window("arrives", query.arrives),
    }


def _window(name: str, window: TimeWindow | None) -> dict[str, Any]:
    return {
        f"{name}_earliest": None if window is None else window.earliest,
        f"{name}_latest": None if window is None else window.latest,
    }
