"""Owns what a Postgres snapshot says of a transaction: pure, so that it can be checked value by value."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WRAP = 2**32

# A change committed this long before the snapshot is visible whatever its number says: numbers of 32
# bits come round again, and within a day two thousand million transactions do not happen.
SURELY_VISIBLE_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Snapshot:
    """pg_current_snapshot() and the moment it was taken."""

    xmin: int
    xmax: int
    running: tuple[int, ...]
    taken_at: datetime

    @classmethod
    def parse(cls, text: str, taken_at: datetime) -> "Snapshot":
        """Read Postgres' text form, xmin:xmax:running,..."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), tuple(int(xid) for xid in running.split(",") if xid), taken_at)

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.running))}"

    def sees(self, tx_id: int, source_ts: datetime) -> bool:
        """Whether a transaction's changes are in the snapshot. `tx_id` may have lost its epoch."""
        if source_ts < self.taken_at - SURELY_VISIBLE_AFTER:
            return True
        age = (self.xmax - tx_id) % WRAP
        return 0 < age <= WRAP // 2 and tx_id % WRAP not in {xid % WRAP for xid in self.running}

    def predicate(self) -> str:
        """`sees` as SQL over the columns of raw.change_log; rows of the first snapshot always count."""
        running = ", ".join(str(xid % WRAP) for xid in self.running)
        not_running = f"and tx_id % {WRAP} not in ({running})" if running else ""
        surely = (self.taken_at - SURELY_VISIBLE_AFTER).isoformat()
        return f"""(
            is_snapshot
            or source_ts < timestamptz '{surely}'
            or (
                ({self.xmax % WRAP} - tx_id % {WRAP} + {WRAP}) % {WRAP} between 1 and {WRAP // 2}
                {not_running}
            )
        )"""
