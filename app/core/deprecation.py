"""Saying that a route will go: RFC 9745's Deprecation, RFC 8594's Sunset, and where to go instead."""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

from fastapi import Depends, Response


def deprecated(since: date, sunset: date, successor: str) -> Any:
    """A dependency for a route that is also declared with `deprecated=True`.

    `successor` is the address of what replaces it. Raises ValueError when it would end before it began."""
    if sunset <= since:
        raise ValueError("a route is deprecated before it goes")

    async def tell(response: Response) -> None:
        response.headers["deprecation"] = f"@{int(_midnight(since).timestamp())}"
        response.headers["sunset"] = format_datetime(_midnight(sunset), usegmt=True)
        response.headers["link"] = f'<{successor}>; rel="successor-version"'

    return Depends(tell)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
