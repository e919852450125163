"""The running program against its OpenAPI document, with input that schemathesis makes up.

It runs on a database of its own, since rules and timetables made up here would change what others test.
CONTRAIL_CONFORMANCE_EXAMPLES sets how many requests are made up for each operation.
"""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.specs.openapi.checks import ignored_auth, unsupported_method

from app.core.ids import decode, encode, uuid7
from app.core.security import Role, mint_access_token
from app.main import app
from deploy.local.postgres import core_cluster, core_environment
from tests.app.departures import connect, make_departure
from tests.databases import TestDatabase, free_port
from tests.deploy.local_gateway.process import GatewayProcess
from tests.served import ServedProgram
from tests.travellers import Traveller, good_card

pytestmark = pytest.mark.postgres

EXAMPLES = int(os.environ.get("CONTRAIL_CONFORMANCE_EXAMPLES", "4"))
LEFT_OUT = {
    "stream_availability": "it never ends",
    "metrics": "not of this API",
    "erase_me": "the caller of all other requests would be gone",
    "advance_test_clock": "it moves the time of every other request",
}
OF_ANOTHER_TYPE = re.compile(r"[Ii]ncorrect type|violates `type`")
REFUSED = ["400", "401", "403", "404", "405", "409", "415", "422", "428"]
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # A request may fit the schema and still be refused for what it asks: an airport nobody knows.
            "positive_data_acceptance": {"enabled": False},
            "missing_required_header": {"expected-statuses": REFUSED},
            "negative_data_rejection": {"expected-statuses": [*REFUSED, "412", "413"]},
        }
    }
)

schema = schemathesis.openapi.from_dict(app.openapi(), config=CONFIG).exclude(operation_id=list(LEFT_OUT))
# POST alone is known at its address, which to any other method is the address of a user called `search`.
BESIDE_AN_ID = "search_user"

# Path parameter -> an id that leads somewhere, and the token of whose it is: made when the world is.
KNOWN: dict[str, str] = {}
TOKENS: list[str] = []


@pytest.fixture(scope="module")
def world(core_settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProgram]:
    home = tmp_path_factory.mktemp("conformance")
    # The same keys, so that a token made here is a token there.
    shutil.copytree(core_settings / "secrets", home / "secrets")
    gateway, port = GatewayProcess(home), free_port()
    gateway.start()
    environment = core_environment(home, port) | {
        "CONTRAIL_SANDBOX_GATEWAY_PORT": str(gateway.port),
        "CONTRAIL_RATE_LIMIT_FACTOR": "10000",
    }
    program = ServedProgram("app.main:app", home / "app.log", environment)
    with core_cluster(home, port):
        program.start()
        furnish(program, TestDatabase("core", "contrail", home, port))
        yield program
        program.kill()
    gateway.kill()


def furnish(program: ServedProgram, database: TestDatabase) -> None:
    """A traveller with a booking that is paid and one that is held."""
    departs_at = datetime.now(UTC).replace(hour=17, minute=0) + timedelta(days=40)
    with connect(database.conninfo("contrail_owner")) as owner:
        departure = make_departure(owner, departs_at=departs_at, live_at=datetime.now(UTC))
    with httpx2.Client(base_url=program.url, timeout=30) as client:
        traveller = Traveller(client).register()
        offers = traveller.search("JFK", "LAX", departs_at.date().isoformat())
        paid = traveller.book(offers[0], "first").raise_for_status().json()
        payment = traveller.pay(paid["id"], "first-paid", good_card()).raise_for_status().json()
        user = client.get("/v1/me", headers=traveller.headers()).raise_for_status().json()
    KNOWN.update(
        booking_id=paid["id"],
        passenger_id=paid["passengers"][0]["id"],
        payment_id=payment["id"],
        offer_id=offers[0]["id"],
        flight_id=encode("flt", departure.flight_id),
        user_id=user["id"],
        airport="JFK",
        name="receipt",
    )
    TOKENS.append(full_token(decode("usr", user["id"])))


def full_token(user_id: UUID) -> str:
    return mint_access_token(user_id, uuid7(), list(Role), second_factor_at=datetime.now(UTC))


@schema.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Half of the well-formed ids lead to what is there."""
    if path_parameters is None:
        return None
    for name in KNOWN.keys() & path_parameters.keys():
        made_up = str(path_parameters[name])
        if made_up[:4] == KNOWN[name][:4] and made_up[-1:] in "02468ace":
            path_parameters[name] = KNOWN[name]
    return path_parameters


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_documented(case: "schemathesis.Case[Any]", world: ServedProgram) -> None:
    excluded = [unsupported_method] if is_beside_an_id(case) else []
    if "Authorization" in case.headers:
        # Made up, and about to be replaced: who gets in then was let in rightly.
        excluded.append(ignored_auth)
    # Of the request itself, so that the check that nobody gets in without can leave it out.
    case.headers["Authorization"] = f"Bearer {TOKENS[0]}"
    try:
        case.call_and_validate(base_url=world.url, timeout=30, excluded_checks=excluded)
    except FailureGroup as failures:
        serious = [failure for failure in failures.exceptions if not is_read_kindly(failure)]
        if serious:
            raise FailureGroup(serious) from None


def is_read_kindly(failure: BaseException) -> bool:
    """Whether a value of another type was taken for what it says: 0 for false, a number of seconds for a
    moment. A value that says nothing of the kind is refused: `test_bad_input.py`."""
    return isinstance(failure, AcceptedNegativeData) and bool(OF_ANOTHER_TYPE.search(str(failure)))


def is_beside_an_id(case: "schemathesis.Case[Any]") -> bool:
    return bool(case.operation.definition.raw["operationId"] == BESIDE_AN_ID)


def test_what_is_left_out_is_there() -> None:
    names = {
        operation["operationId"] for path in app.openapi()["paths"].values() for operation in path.values()
    }

    assert {*LEFT_OUT, BESIDE_AN_ID} <= names
