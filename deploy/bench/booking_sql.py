"""What one booking asks of the database, as a script of pgbench: recorded from the core's own code.

One booking is made by `creation_service.book_all`, and every statement it executes is taken down with its
parameters. The script is those statements; ids, the flight and the traveller are others in each transaction.
"""

import asyncio
import json
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import event

from deploy.bench.booking_rows import (
    DIGITS,
    FLIGHT_PREFIX,
    FLIGHTS,
    TRAVELLERS,
    USER_PREFIX,
    Town,
    flight_number,
    traveller_id,
)
from deploy.bench.runner import BenchFailed
from deploy.local.postgres_files import binaries
from deploy.local.settings import StackSettings

CLIENTS = (1, 2, 4, 8, 16)
SECONDS = 3
# Letters and digits of locators, sixteen of them, in place of the hexadecimal ones.
PNR_LETTERS = "ABCDEFGHJKLMNPQR"

# Not a part of something longer: of a sealed envelope or of a hash.
_UUID = r"(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}(?![0-9a-f])"
_PARAMETER = re.compile(r"%\((\w+)\)s")
_RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)

# Each transaction's own: an id prefix that grows like a UUIDv7, a flight, a traveller, a locator.
_NOW_US = "(extract(epoch from transaction_timestamp()) * 1000000)::bigint"
_OWN = f"""(
    select
        lpad(to_hex({_NOW_US} / 1000), 12, '0') || '7' || lpad(to_hex({_NOW_US} % 1000), 3, '0')
            || '8' || to_hex(cast(:client_id as bigint)) as id,
        '{FLIGHT_PREFIX}' || lpad(to_hex(cast(:flight as bigint)), {DIGITS}, '0') as flight,
        '{USER_PREFIX}' || lpad(to_hex(cast(:traveller as bigint)), {DIGITS}, '0') as traveller,
        translate(lpad(to_hex({_NOW_US} % 1048576), 5, '0') || to_hex(cast(:client_id as bigint)),
            '0123456789abcdef', '{PNR_LETTERS}') as pnr
    offset 0
)"""
_ID_TAIL_DIGITS = 14


@dataclass(frozen=True)
class Recorded:
    """One booking's statements in order, with their parameters, and what is its own in them."""

    statements: Sequence[tuple[str, Mapping[str, Any]]]
    began_ms: int
    pnr: str
    key: str
    flight_id: UUID


def record(town: Town) -> Recorded:
    """Make one booking with the core's code, in this process. The environment is the stack's."""
    return asyncio.run(_record(town))


async def _record(town: Town) -> Recorded:
    from app.bookings import creation_service
    from app.bookings.schemas import Answer, BookingRequest
    from app.core.context import RequestContext
    from app.core.db import engine, transaction
    from app.core.idempotency import Idempotency
    from app.core.security import Caller, Role

    offer_id, booked_on = town.offers[0]
    request = BookingRequest.model_validate(
        {
            "offer_id": offer_id,
            "passengers": [{"type": "adult", "given_name": "Ada", "family_name": "Ferry"}],
            "contact": {"email": "ada.ferry@example.com", "phone": "+12125550123"},
        }
    )
    caller = Caller(str(traveller_id(1)), frozenset({Role.CUSTOMER}))
    key = Idempotency(caller.subject, "POST /v1/bookings", f"pgbench-{time.time_ns()}", bytes(32))
    asked = creation_service.Asked(key, caller, request, RequestContext(ip="127.0.0.1"))
    taken: list[tuple[str, Mapping[str, Any]]] = []

    def take_down(*arguments: Any) -> None:
        taken.append((arguments[2], arguments[3]))

    began_ms = int(time.time() * 1000)
    event.listen(engine().sync_engine, "before_cursor_execute", take_down)
    async with transaction() as session:
        (outcome,) = await creation_service.book_all(session, [asked])
    event.remove(engine().sync_engine, "before_cursor_execute", take_down)
    await engine().dispose()
    if not isinstance(outcome, Answer):
        raise BenchFailed(f"the recorded booking was refused: {outcome}")
    # A running process remembers the settings and asks for them no more.
    statements = [each for each in taken if "setting_versions" not in each[0]]
    return Recorded(statements, began_ms, outcome.body.pnr, key.key, booked_on)


def script(recorded: Recorded, *, is_hot: bool) -> str:
    """The recorded booking as pgbench runs it: on any flight, or all on one."""
    flights = str(flight_number(recorded.flight_id)) if is_hot else f"random(1, {FLIGHTS})"
    lines = [f"\\set flight {flights}", f"\\set traveller random(1, {TRAVELLERS})", "begin;"]
    own_ids: dict[str, int] = {}
    for statement, parameters in recorded.statements:
        # One line a statement, without its comments.
        plain = " ".join(re.sub(r"--[^\n]*", "", statement).replace("%%", "%").split())
        lines.append(_written(plain, parameters, recorded, own_ids) + ";")
    return "\n".join([*lines, "commit;", ""])


def best_rate(settings: StackSettings, file: Path) -> float:
    """Transactions a second, prepared, with the number of clients that does most."""
    return max(_rate(settings, file, clients) for clients in CLIENTS)


def _rate(settings: StackSettings, file: Path, clients: int) -> float:
    done = subprocess.run(
        [
            *(str(binaries(None) / "pgbench"), "--no-vacuum", "--protocol", "prepared", "--file", str(file)),
            *("--client", str(clients), "--jobs", str(min(2, clients)), "--time", str(SECONDS)),
            *("--host", settings.host, "--port", str(settings.ports.core), "--username", "app_rw"),
            "contrail",
        ],
        env=os.environ | {"PGPASSWORD": settings.secret("app_rw_password"), "PGOPTIONS": "-c timezone=UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = _RATE.search(done.stdout)
    if found is None or done.returncode != 0:
        raise BenchFailed(f"pgbench did not end well: {done.stderr.strip()[-500:]}")
    return float(found[1])


def _written(
    statement: str, parameters: Mapping[str, Any], recorded: Recorded, own_ids: dict[str, int]
) -> str:
    return _PARAMETER.sub(lambda found: _expression(parameters[found[1]], recorded, own_ids), statement)


def _expression(value: Any, recorded: Recorded, own_ids: dict[str, int]) -> str:
    """A parameter as SQL: a literal, or put together anew where it holds what is a booking's own."""
    if isinstance(value, bool | int):
        return str(value).lower()
    text, kind = _literal(value)
    pieces = _pieces(text, recorded, own_ids)
    if len(pieces) == 1:
        return f"{_quoted(text)}::{kind}"
    inner = ", ".join(pieces)
    return f"(select concat({inner}) from {_OWN} as own)::{kind}"


def _literal(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return value, "text"
    if isinstance(value, datetime):
        return value.isoformat(), "timestamptz"
    if isinstance(value, UUID):
        return str(value), "uuid"
    if isinstance(value, list):
        kinds = {UUID: "uuid", str: "text", int: "integer", datetime: "timestamptz"}
        kind = next(name for known, name in kinds.items() if isinstance(value[0], known))
        inside = ",".join(json.dumps(each if isinstance(each, int) else str(each)) for each in value)
        return f"{{{inside}}}", f"{kind}[]"
    # A timedelta, as the database writes it.
    return f"{value.total_seconds():.0f} seconds", "interval"


def _pieces(text: str, recorded: Recorded, own_ids: dict[str, int]) -> list[str]:
    """The text as literals and references to what is the transaction's own."""
    marks = re.compile(f"{_UUID}|{recorded.pnr}|{recorded.key}")
    pieces: list[str] = []
    end = 0
    for found in marks.finditer(text):
        reference = _reference(found[0], recorded, own_ids)
        if reference is None:
            continue
        pieces += [_quoted(text[end : found.start()]), reference]
        end = found.end()
    return [*pieces, _quoted(text[end:])]


def _reference(found: str, recorded: Recorded, own_ids: dict[str, int]) -> str | None:
    if found == recorded.pnr:
        return "own.pnr"
    if found == recorded.key:
        return "own.id"
    key = UUID(found)
    if key == recorded.flight_id:
        return "own.flight"
    if key == traveller_id(1):
        return "own.traveller"
    if key.int >> 80 < recorded.began_ms:
        return None
    tail = own_ids.setdefault(key.hex, len(own_ids))
    return f"own.id || '{tail:0{_ID_TAIL_DIGITS}x}'"


def _quoted(text: str) -> str:
    """As a literal without colons and line ends, which mean something to pgbench, quoted or not."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace(":", "\\x3a")
    return f"E'{escaped}'"
