"""Webhooks out: signed, at least once, tried again, never sent where they must not go."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from app.core.config import get_settings
from app.core.ids import decode, encode, uuid7
from app.core.security import Role, mint_access_token
from app.notifications.webhooks import dispatch_service as dispatch
from app.notifications.webhooks import rules
from tests.app.notifications.webhooks.receiver import Receiver

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

Owner = psycopg.Connection[tuple[object, ...]]
Happen = Callable[..., UUID]
Endpoint = dict[str, Any]


@pytest.fixture
def make_endpoint(client: httpx2.AsyncClient, as_user: dict[str, str], owner: Owner) -> Callable[..., Any]:
    async def make(url: str, **more: Any) -> Endpoint:
        """One that wants all that has happened, not only what is to come."""
        answer = await client.post("/v1/webhook-endpoints", json={"url": url} | more, headers=as_user)
        assert answer.status_code == 201, answer.text
        endpoint: Endpoint = answer.json()
        owner.execute(
            "update app.webhook_endpoints set position = %s where id = %s",
            (UUID(int=0), decode("whe", endpoint["id"])),
        )
        return endpoint

    return make


@pytest.fixture
def log_of(client: httpx2.AsyncClient, as_user: dict[str, str]) -> Callable[[Endpoint], Any]:
    async def read(endpoint: Endpoint) -> list[dict[str, Any]]:
        answer = await client.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries", headers=as_user)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    return read


def come_due(owner: Owner) -> None:
    owner.execute("update app.webhook_deliveries set next_attempt_at = now() where status = 'pending'")


async def send_what_is_new() -> None:
    await dispatch.dispatch_new_events()
    await dispatch.deliver_due()


async def test_event_arrives_signed_thin_and_once(
    make_endpoint: Any, log_of: Any, happen: Happen, user: UUID, receiver: Receiver
) -> None:
    endpoint = await make_endpoint(receiver.url, event_types=["BookingConfirmed"])
    event_id = happen(user, "BookingConfirmed")
    happen(user, "BookingTicketed")

    await send_what_is_new()
    await send_what_is_new()

    (message,) = receiver.received
    read = Webhook(endpoint["secret"]).verify(message.body, message.headers)
    assert message.headers["webhook-id"] == encode("evt", event_id)
    assert read["type"] == "BookingConfirmed"
    assert set(read["data"]) == {"event_id", "booking_id"}
    (logged,) = await log_of(endpoint)
    assert (logged["status"], logged["last_status"], logged["attempts"]) == ("delivered", 204, 1)


async def test_another_secret_does_not_verify_it(
    make_endpoint: Any, happen: Happen, user: UUID, receiver: Receiver
) -> None:
    await make_endpoint(receiver.url)
    happen(user, "BookingConfirmed")
    await send_what_is_new()

    (message,) = receiver.received
    with pytest.raises(WebhookVerificationError):
        Webhook(rules.new_secret()).verify(message.body, message.headers)


async def test_both_secrets_sign_while_one_replaces_the_other(
    client: httpx2.AsyncClient,
    make_endpoint: Any,
    happen: Happen,
    user: UUID,
    as_user: dict[str, str],
    receiver: Receiver,
) -> None:
    endpoint = await make_endpoint(receiver.url)
    rotated = await client.post(f"/v1/webhook-endpoints/{endpoint['id']}/secret", headers=as_user)
    happen(user, "BookingConfirmed")
    await send_what_is_new()

    (message,) = receiver.received
    for secret in (endpoint["secret"], rotated.json()["secret"]):
        assert Webhook(secret).verify(message.body, message.headers)


@pytest.mark.parametrize("answer", [500, 404, 302])
async def test_what_is_not_taken_is_sent_again_under_the_same_id(
    make_endpoint: Any,
    log_of: Any,
    happen: Happen,
    owner: Owner,
    user: UUID,
    receiver: Receiver,
    answer: int,
) -> None:
    receiver.answers.append(answer)
    endpoint = await make_endpoint(receiver.url)
    happen(user, "BookingConfirmed")
    await send_what_is_new()
    (waiting,) = await log_of(endpoint)
    await dispatch.deliver_due()
    assert len(receiver.received) == 1, "not before its time, and a redirect is not followed"
    come_due(owner)
    await dispatch.deliver_due()

    first, second = receiver.received
    assert (waiting["status"], waiting["last_status"]) == ("pending", answer)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


async def test_receiver_that_is_away_for_72_hours_is_given_up_and_its_owner_told(
    client: httpx2.AsyncClient,
    make_endpoint: Any,
    happen: Happen,
    owner: Owner,
    user: UUID,
    as_user: dict[str, str],
    receiver: Receiver,
) -> None:
    receiver.answers.append(503)
    endpoint = await make_endpoint(receiver.url)
    key = decode("whe", endpoint["id"])
    happen(user, "BookingConfirmed")
    await dispatch.dispatch_new_events()
    owner.execute(
        "update app.webhook_deliveries set due_since = now() - interval '73 hours' where endpoint_id = %s",
        (key,),
    )
    await dispatch.deliver_due()

    shown = (await client.get(f"/v1/webhook-endpoints/{endpoint['id']}", headers=as_user)).json()
    told = owner.execute(
        "select payload ->> 'reason' from app.domain_events "
        "where type = 'WebhookEndpointDisabled' and entity_id = %s",
        (key,),
    ).fetchall()
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "unreachable")
    assert told == [("unreachable",)]


async def test_receiver_that_says_gone_is_never_asked_again(
    client: httpx2.AsyncClient,
    make_endpoint: Any,
    happen: Happen,
    owner: Owner,
    user: UUID,
    as_user: dict[str, str],
    receiver: Receiver,
) -> None:
    receiver.answers.append(410)
    endpoint = await make_endpoint(receiver.url)
    happen(user, "BookingConfirmed")
    await send_what_is_new()
    happen(user, "BookingCancelled", ago=timedelta(minutes=1))
    await dispatch.dispatch_new_events()
    come_due(owner)
    await dispatch.deliver_due()

    assert len(receiver.received) == 1
    address = f"/v1/webhook-endpoints/{endpoint['id']}"
    read = await client.get(address, headers=as_user)
    again = await client.patch(
        address, json={"status": "active"}, headers=as_user | {"if-match": read.headers["etag"]}
    )
    shown = again.json()
    assert (again.status_code, shown["status"], shown["disabled_reason"]) == (200, "active", None)


async def test_ping_and_redelivery_are_sent_when_asked(
    client: httpx2.AsyncClient, make_endpoint: Any, as_user: dict[str, str], receiver: Receiver
) -> None:
    endpoint = await make_endpoint(receiver.url)
    address = f"/v1/webhook-endpoints/{endpoint['id']}"
    asked = await client.post(f"{address}/ping", headers=as_user)
    await dispatch.deliver_due()
    again = await client.post(f"{address}/deliveries/{asked.json()['id']}/redeliver", headers=as_user)
    await dispatch.deliver_due()

    assert (asked.status_code, again.status_code) == (202, 202)
    assert [json.loads(message.body)["type"] for message in receiver.received] == ["Ping", "Ping"]


async def test_who_dies_while_sending_sends_again(
    make_endpoint: Any,
    happen: Happen,
    owner: Owner,
    user: UUID,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await make_endpoint(receiver.url)
    happen(user, "BookingConfirmed")
    await dispatch.dispatch_new_events()

    async def die(*_: object) -> None:
        raise RuntimeError("killed between sending and marking")

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "_mark", die)
        with pytest.raises(RuntimeError):
            await dispatch.deliver_due()
    come_due(owner)
    await dispatch.deliver_due()

    assert len({message.headers["webhook-id"] for message in receiver.received}) == 1
    assert len(receiver.received) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example.com/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.7/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.7]/hook",
        "https://ada:secret@partner.example.com/hook",
        "https:///hook",
    ],
)
async def test_unfit_address_is_refused_in_production(
    client: httpx2.AsyncClient, as_user: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTRAIL_WEBHOOKS_TO_LOOPBACK", "false")
    get_settings.cache_clear()

    answer = await client.post("/v1/webhook-endpoints", json={"url": url}, headers=as_user)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/url"


async def test_name_that_leads_inside_is_not_connected_to(
    client: httpx2.AsyncClient,
    make_endpoint: Any,
    log_of: Any,
    as_user: dict[str, str],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`localhost` is a name like any other until it is looked up."""
    endpoint = await make_endpoint(f"https://localhost:{receiver.port}/hook")
    await client.post(f"/v1/webhook-endpoints/{endpoint['id']}/ping", headers=as_user)
    monkeypatch.setenv("CONTRAIL_WEBHOOKS_TO_LOOPBACK", "false")
    get_settings.cache_clear()
    await dispatch.deliver_due()

    (logged,) = await log_of(endpoint)
    assert (logged["status"], logged["last_error"]) == ("pending", "EndpointUnfit")
    assert receiver.received == []


async def test_endpoints_of_others_do_not_exist(
    client: httpx2.AsyncClient, make_endpoint: Any, receiver: Receiver
) -> None:
    endpoint = await make_endpoint(receiver.url)
    other = {"authorization": f"Bearer {mint_access_token(uuid7(), uuid7(), [Role.CUSTOMER])}"}
    address = f"/v1/webhook-endpoints/{endpoint['id']}"

    for method, path in (("GET", address), ("DELETE", address), ("POST", f"{address}/ping")):
        answer = await client.request(method, path, headers=other)
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_endpoint_not_found")


async def test_ended_endpoint_leaves_no_secret(
    client: httpx2.AsyncClient, make_endpoint: Any, owner: Owner, as_user: dict[str, str], receiver: Receiver
) -> None:
    before = owner.execute("select count(*) from vault.secrets").fetchone()
    endpoint = await make_endpoint(receiver.url)
    await client.post(f"/v1/webhook-endpoints/{endpoint['id']}/secret", headers=as_user)

    ended = await client.delete(f"/v1/webhook-endpoints/{endpoint['id']}", headers=as_user)

    assert ended.status_code == 204
    assert owner.execute("select count(*) from vault.secrets").fetchone() == before


async def test_only_so_many_endpoints_are_kept(
    client: httpx2.AsyncClient, as_user: dict[str, str], receiver: Receiver
) -> None:
    for _ in range(10):
        await client.post("/v1/webhook-endpoints", json={"url": receiver.url}, headers=as_user)

    answer = await client.post("/v1/webhook-endpoints", json={"url": receiver.url}, headers=as_user)

    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_endpoints_exhausted")


async def test_endpoint_changed_since_it_was_read_is_not_changed_again(
    client: httpx2.AsyncClient, make_endpoint: Any, as_user: dict[str, str], receiver: Receiver
) -> None:
    endpoint = await make_endpoint(receiver.url)
    address = f"/v1/webhook-endpoints/{endpoint['id']}"
    read = await client.get(address, headers=as_user)
    headers = as_user | {"if-match": read.headers["etag"]}

    first = await client.patch(address, json={"event_types": ["BookingConfirmed"]}, headers=headers)
    second = await client.patch(address, json={"event_types": ["BookingCancelled"]}, headers=headers)

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["code"] == "precondition_failed"
    assert (await client.get(address, headers=as_user)).json()["event_types"] == ["BookingConfirmed"]
