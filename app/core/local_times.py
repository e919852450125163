"""Times by an airport's clock. They carry no offset, which RFC 3339 and so JSON Schema's formats ask for."""

from datetime import datetime, time
from typing import Annotated

from pydantic import WithJsonSchema

LocalDateTime = Annotated[
    datetime,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?$",
            "description": "Local time at the airport, without offset",
            "examples": ["2026-12-01T08:15:00"],
        }
    ),
]
LocalTimeOfDay = Annotated[
    time,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$",
            "description": "By the airport's clock, without offset",
            "examples": ["08:15:00"],
        }
    ),
]
