"""A flow's connection to the live tables: opened when needed, again when it breaks, given up on at last."""

from collections.abc import Callable
from typing import TypeVar

import psycopg
import stamina

from pipelines.config import PipelineError
from pipelines.records import BadMessage, Change

ATTEMPTS = 8  # with the waits below about 20 s: a restart of Postgres; then the supervisor's turn
WAIT_INITIAL_SECONDS = 0.2
WAIT_MAX_SECONDS = 5.0
GIVE_UP_AFTER_SECONDS = 45.0
STATEMENT_TIMEOUT_MS = 30_000

Result = TypeVar("Result")
Item = TypeVar("Item")


class LiveDatabase:
    """One autocommit connection. Work given to `run` may be run again, so it has to be idempotent."""

    def __init__(self, dsn: str, flow: str) -> None:
        self._dsn = dsn
        self._name = f"flow-{flow}"
        self._connection: psycopg.Connection | None = None

    def run(self, work: Callable[[psycopg.Connection], Result]) -> Result:
        """Do `work`; on a lost connection, deadlock or time-out do it again. Raises PipelineError at last."""
        try:
            for attempt in stamina.retry_context(
                on=psycopg.OperationalError,
                attempts=ATTEMPTS,
                timeout=GIVE_UP_AFTER_SECONDS,
                wait_initial=WAIT_INITIAL_SECONDS,
                wait_max=WAIT_MAX_SECONDS,
            ):
                with attempt:
                    return self._once(work)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise PipelineError(
                f"Postgres did not answer {self._name} within {ATTEMPTS} attempts ({reason}): is it up?"
            ) from error
        raise AssertionError("unreachable: the loop returns or raises")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(self, work: Callable[[psycopg.Connection], Result]) -> Result:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                application_name=self._name,
                options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
            )
        try:
            return work(self._connection)
        except psycopg.OperationalError:
            self.close()
            raise


def write_or_refuse(
    items: list[Item], write: Callable[[list[Item]], None], change_of: Callable[[Item], Change]
) -> list[BadMessage]:
    """Write all items in one go; if Postgres refuses the values, one by one, and return the refused."""
    if not items:
        return []
    try:
        write(items)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if len(items) == 1:
            message = change_of(items[0]).message
            return [BadMessage(message, f"Postgres refused it: {error.diag.message_primary or error}")]
        return [bad for item in items for bad in write_or_refuse([item], write, change_of)]
    return []
