"""A booking's flights as an iCalendar file, right across time zones and the changes of clocks.

Each event is in the airport's own zone, and the file carries the zones' changes of clocks it needs. They are
found in the time-zone database when the document is issued and kept among its facts, so that the file stays
the same when the database is updated.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vDDDTypes, vUTCOffset

PRODUCT = "-//Contrail//Itinerary 1//EN"
# Before the travel, so that the change of clocks it comes after is in the file, and a little after it.
ZONE_BEFORE, ZONE_AFTER = timedelta(days=366), timedelta(days=2)
_HOUR = timedelta(hours=1)


def zone_changes(zone: str, first: datetime, last: datetime) -> list[dict[str, Any]]:
    """The changes of clocks of a zone around a span of travel: local onset, offsets in seconds, name."""
    info, moment = ZoneInfo(zone), _whole_hour(first - ZONE_BEFORE)
    found = [_change(info, moment, moment)]
    while moment < last + ZONE_AFTER:
        later = moment + _HOUR
        if moment.astimezone(info).utcoffset() != later.astimezone(info).utcoffset():
            found.append(_change(info, moment, later))
        moment = later
    return found


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


def _change(info: ZoneInfo, before: datetime, after: datetime) -> dict[str, Any]:
    """RFC 5545: the onset is in local time as it was before the change."""
    old, new = before.astimezone(info), after.astimezone(info)
    from_offset, to_offset = old.utcoffset() or timedelta(), new.utcoffset() or timedelta()
    return {
        "onset": (after + from_offset).replace(tzinfo=None).isoformat(),
        "from_seconds": int(from_offset.total_seconds()),
        "to_seconds": int(to_offset.total_seconds()),
        "name": new.tzname(),
        "is_daylight": bool(new.dst()),
    }


def _whole_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
