"""An agent with a second factor, who acts for any booking."""

from datetime import UTC, datetime
from typing import Any

import httpx2

from app.core.ids import uuid7
from app.core.security import Role, mint_access_token
from tests.app.conftest import Owner


class Agent:
    def __init__(self, client: httpx2.AsyncClient, owner: Owner) -> None:
        self.client, self.user_id = client, uuid7()
        owner.execute(
            "insert into app.users (id, email_hash, created_at) values (%s, 'k1:agent', now())",
            (self.user_id,),
        )

    def headers(self, key: str | None = None, *, stepped_up: bool = True) -> dict[str, str]:
        moment = datetime.now(UTC) if stepped_up else None
        token = mint_access_token(self.user_id, uuid7(), [Role.AGENT], second_factor_at=moment)
        return {"authorization": f"Bearer {token}", "idempotency-key": key or uuid7().hex}

    async def post(self, path: str, body: Any, key: str | None = None) -> httpx2.Response:
        return await self.client.post(path, json=body, headers=self.headers(key), timeout=30)

    async def refund(self, payment: dict[str, Any], **body: Any) -> httpx2.Response:
        return await self.post(f"/v1/payments/{payment['id']}/refunds", {"reason": "as agreed"} | body)

    async def compensate(self, booking: dict[str, Any], amount_minor: int) -> dict[str, Any]:
        amount = {"amount_minor": amount_minor, "currency": booking["total"]["currency"]}
        body = {"amount": amount, "reason": "a long delay"}
        answer = await self.post(f"/v1/bookings/{booking['id']}/travel-credits", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())
