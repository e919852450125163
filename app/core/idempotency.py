"""Idempotency-Key: the record commits with the effect, so an answer that was lost can be asked for again."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count
from app.core.errors import BadRequest, Conflict, DomainError, Unprocessable
from app.core.security import OptionalCaller

RECORD_LIFE = timedelta(hours=24)
MAX_KEY_LENGTH = 255
RETRY_AFTER_SECONDS = 1
REPLAYED_HEADER = "Idempotent-Replayed"

_TRY_LOCKS = text("""
    select position, pg_try_advisory_xact_lock(hashtextextended(scope, 0)) as is_mine
    from unnest(cast(:scopes as text[])) with ordinality as asked (scope, position)
""")
_FIND = text("""
    select asked.position, record.body_hash, record.status_code, record.response
    from unnest(cast(:callers as text[]), cast(:routes as text[]), cast(:keys as text[]))
        with ordinality as asked (caller, route, key, position)
    join app.idempotency_records as record using (caller, route, key)
    where record.expires_at > now()
""")
_STORE = text("""
    insert into app.idempotency_records (caller, route, key, body_hash, status_code, response, expires_at)
    select caller, route, key, decode(body_hash, 'hex'), status_code, response, now() + :life
    from json_to_recordset(cast(:rows as json)) as answer (
        caller text, route text, key text, body_hash text, status_code integer, response jsonb
    )
    on conflict (caller, route, key) do update set
        body_hash = excluded.body_hash, status_code = excluded.status_code, response = excluded.response,
        created_at = now(), expires_at = excluded.expires_at
    where app.idempotency_records.expires_at <= now()
""")
_SWEEP = text("""
    delete from app.idempotency_records where (caller, route, key) in (
        select caller, route, key from app.idempotency_records where expires_at <= now() limit :limit
    )
""")


class KeyMissing(BadRequest):
    code = "idempotency_key_missing"
    title = "This route moves money or seats and needs an Idempotency-Key header"


class KeyInFlight(Conflict):
    code = "idempotency_key_in_flight"
    title = "A request with this Idempotency-Key is still being carried out"


class KeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used with another request body"


@dataclass(frozen=True)
class StoredAnswer:
    status_code: int
    response: Any

    def replay(self) -> JSONResponse:
        return JSONResponse(self.response, self.status_code, headers={REPLAYED_HEADER: "true"})


@dataclass(frozen=True)
class Idempotency:
    """One caller's key on one route with one body."""

    caller: str
    route: str
    key: str
    body_hash: bytes

    async def find(self, session: AsyncSession) -> StoredAnswer | None:
        """Lock the key for this transaction and look for its answer. Raises KeyInFlight, KeyReused."""
        (found,) = await find_all(session, [self])
        if isinstance(found, DomainError):
            raise found
        return found

    async def store(self, session: AsyncSession, status_code: int, response: Any) -> None:
        """Keep the answer, in the transaction that makes it true."""
        await self.store_text(session, status_code, json.dumps(response))

    async def store_text(self, session: AsyncSession, status_code: int, response: str) -> None:
        """Keep an answer that is JSON already."""
        await store_all(session, [(self, status_code, response)])

    async def once(
        self, session: AsyncSession, status_code: int, effect: Callable[[], Awaitable[BaseModel]]
    ) -> JSONResponse:
        """Carry out `effect` in this transaction, or give the answer it gave before.

        A refusal raises and rolls back, so it is never stored: the same key may be tried again."""
        stored = await self.find(session)
        if stored is not None:
            return stored.replay()
        answer = jsonable_encoder(await effect())
        await self.store(session, status_code, answer)
        return JSONResponse(answer, status_code)

    @property
    def scope(self) -> str:
        """What no two requests may be about at the same time."""
        return f"{self.caller}\n{self.route}\n{self.key}"


async def find_all(
    session: AsyncSession, keys: Sequence[Idempotency]
) -> list[StoredAnswer | KeyInFlight | KeyReused | None]:
    """Lock each key, all different, for this transaction, and look for its answer; one entry a key."""
    locks = await session.execute(_TRY_LOCKS, {"scopes": [key.scope for key in keys]})
    mine = {row.position for row in locks if row.is_mine}
    # A statement of its own: it must see what was committed until the locks were taken.
    rows = await session.execute(
        _FIND,
        {
            "callers": [key.caller for key in keys],
            "routes": [key.route for key in keys],
            "keys": [key.key for key in keys],
        },
    )
    stored = {row.position: row for row in rows}
    found: list[StoredAnswer | KeyInFlight | KeyReused | None] = []
    for position, key in enumerate(keys, 1):
        row = stored.get(position)
        if position not in mine:
            found.append(KeyInFlight(retry_after_seconds=RETRY_AFTER_SECONDS))
        elif row is None:
            found.append(None)
        elif bytes(row.body_hash) != key.body_hash:
            found.append(KeyReused())
        else:
            found.append(StoredAnswer(row.status_code, row.response))
    return found


async def store_all(session: AsyncSession, answers: Sequence[tuple[Idempotency, int, str]]) -> None:
    """Keep (key, status, answer as JSON text) of many, in the transaction that makes them true."""
    rows = ",".join(
        f'{{"caller":{json.dumps(key.caller)},"route":{json.dumps(key.route)},"key":{json.dumps(key.key)},'
        f'"body_hash":"{key.body_hash.hex()}","status_code":{status_code},"response":{response}}}'
        for key, status_code, response in answers
    )
    await session.execute(_STORE, {"rows": f"[{rows}]", "life": RECORD_LIFE})


def respond(body: BaseModel, status_code: int, *, is_replay: bool) -> JSONResponse:
    """An answer as it goes out, which says whether it was given before."""
    headers = {REPLAYED_HEADER: "true"} if is_replay else None
    return JSONResponse(body.model_dump(mode="json"), status_code, headers)


async def sweep(session: AsyncSession, limit: int) -> int:
    """Delete up to `limit` records whose life is over. Returns how many."""
    return await execute_and_count(session, _SWEEP, {"limit": limit})


async def _idempotency(
    request: Request,
    caller: OptionalCaller,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=MAX_KEY_LENGTH, description="A key of your own, new for each thing to be done"),
    ] = None,
) -> Idempotency:
    if not idempotency_key:
        raise KeyMissing()
    body = hashlib.sha256(await request.body()).digest()
    who = caller.subject if caller is not None else "anonymous"
    return Idempotency(who, f"{request.method} {request.url.path}", idempotency_key, body)


IdempotentRequest = Annotated[Idempotency, Depends(_idempotency)]
