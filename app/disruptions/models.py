"""The test clock of a sandbox."""

from datetime import datetime

from sqlalchemy import TIMESTAMP, SmallInteger
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class TestClock(SQLModel, table=True):
    """At most one row. While it is there and paused, the timed chores leave business time to it."""

    __tablename__ = "test_clock"
    __table_args__ = {"schema": "app"}

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    now_at: datetime = Field(sa_type=TIMESTAMPTZ)
    paused: bool
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)
