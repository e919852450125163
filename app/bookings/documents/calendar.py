"""A booking's flights as an iCalendar file, right across time zones and the changes of clocks.

Each event is in the airport's own zone, and the file carries the zones' changes of clocks it needs. They are
found (`zones`) when the document is issued and kept among its facts, so that the file stays
the same when the database is updated.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vDDDTypes, vUTCOffset

PRODUCT = "-//Contrail//Itinerary 1//EN"


def render(facts: dict[str, Any], revision: int, issued_at: datetime) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for zone, changes in sorted(facts["zones"].items()):
        calendar.add_component(_zone(zone, changes))
    for flight in facts["flights"]:
        calendar.add_component(_event(facts, flight, revision, issued_at))
    return bytes(calendar.to_ical(sorted=True))


def _event(facts: dict[str, Any], flight: dict[str, Any], revision: int, issued_at: datetime) -> Event:
    named = f"{flight['airline']} {flight['flight_number']}"
    event = Event()
    event.add("uid", f"{flight['segment_id']}@contrail")
    event.add("dtstamp", issued_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", revision - 1)
    event.add("summary", f"{named} {flight['origin']} to {flight['destination']}")
    event.add("location", f"{flight['origin']} airport")
    event.add("description", f"Booking {facts['pnr']}, {flight['cabin']} class {flight['fare_class']}")
    event.add("status", "CANCELLED" if flight["is_cancelled"] else "CONFIRMED")
    event.add("transp", "OPAQUE")
    for end, name in (("departs", "dtstart"), ("arrives", "dtend")):
        moment = vDDDTypes(datetime.fromisoformat(flight[f"{end}_local"]))
        moment.params["TZID"] = flight[f"{end}_zone"]
        event.add(name, moment)
    return event


def _zone(zone: str, changes: list[dict[str, Any]]) -> Timezone:
    component = Timezone()
    component.add("tzid", zone)
    for change in changes:
        part = TimezoneDaylight() if change["is_daylight"] else TimezoneStandard()
        part.add("dtstart", datetime.fromisoformat(change["onset"]))
        part.add("tzoffsetfrom", vUTCOffset(timedelta(seconds=change["from_seconds"])))
        part.add("tzoffsetto", vUTCOffset(timedelta(seconds=change["to_seconds"])))
        part.add("tzname", change["name"])
        component.add_component(part)
    return component
