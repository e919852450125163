"""Somebody of operations who calls the API, for the tests of what only they may do."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2

from app.core.ids import uuid7
from app.core.security import Role, mint_access_token
from tests.app.conftest import Owner


@dataclass(frozen=True)
class Operator:
    client: httpx2.AsyncClient
    user_id: UUID = field(default_factory=uuid7)

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        token = mint_access_token(self.user_id, uuid7(), [Role.OPERATIONS])
        return {"authorization": f"Bearer {token}"} | (more or {})

    async def get(self, path: str, **asked: Any) -> httpx2.Response:
        return await self.client.get(path, params=asked or None, headers=self.headers())

    async def post(self, path: str, body: Any = None, key: str | None = None) -> httpx2.Response:
        headers = self.headers({"idempotency-key": key or uuid7().hex})
        return await self.client.post(path, json=body, headers=headers)

    async def send_text(self, path: str, text: str) -> httpx2.Response:
        headers = self.headers({"content-type": "text/plain"})
        return await self.client.post(path, content=text.encode(), headers=headers)

    async def patch(self, path: str, body: Any, etag: str | None) -> httpx2.Response:
        return await self.client.patch(path, json=body, headers=self.headers(_if_match(etag)))

    async def delete(self, path: str, etag: str | None) -> httpx2.Response:
        return await self.client.delete(path, headers=self.headers(_if_match(etag)))


def _if_match(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"if-match": etag}


def make_fleet(owner: Owner) -> None:
    """Aircraft types whose cabins are known."""
    for code, seats, cabins in (
        ("A320-232", 162, [{"cabin": "business", "seats": 12}, {"cabin": "economy", "seats": 150}]),
        ("EMB-145LR", 50, [{"cabin": "economy", "seats": 50}]),
    ):
        owner.execute(
            "insert into app.aircraft_types (code, manufacturer, model, seats, cabins) "
            "values (%s, 'TEST', %s, %s, %s) on conflict do nothing",
            (code, code, seats, json.dumps(cabins)),
        )
