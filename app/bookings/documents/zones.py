"""The changes of clocks a calendar needs, found in the time-zone database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
