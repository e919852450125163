"""The gateway in front of the real program: what it lets through, what it refuses, and how it says so."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from deploy.local import gateway, probes
from deploy.local.settings import PROJECT_ROOT, StackSettings, free_ports
from tests.databases import TestDatabase
from tests.stack import wait_until

START_LIMIT_SECONDS = 240


@dataclass(frozen=True)
class Front:
    """A gateway with two API processes behind it."""

    settings: StackSettings
    client: httpx2.Client
    simulator_token: str


@pytest.fixture(scope="module")
def front(core_database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    home = tmp_path_factory.mktemp("gateway")
    (home / "secrets").symlink_to(core_database.home / "secrets")
    ports = free_ports() | {"CONTRAIL_CORE_PORT": str(core_database.port)}
    settings = StackSettings.from_environment(ports, home)
    environment = {**os.environ, **settings.environment()}
    gateway.prepare(settings)
    commands = [gateway.command(settings)] + [
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(settings.ports.api + step),
         "--no-access-log", "--timeout-keep-alive", "65"]
        for step in (0, 1)
    ]  # fmt: skip
    processes = []
    try:
        for number, command in enumerate(commands):
            with (home / f"{number}.log").open("w") as log:
                processes.append(
                    subprocess.Popen(
                        command, cwd=PROJECT_ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
                    )
                )
        url = f"http://{settings.host}:{settings.ports.gateway}"
        is_up = probes.http(lambda s: f"http://{s.host}:{s.ports.gateway}/readyz")
        wait_until("the gateway to answer", lambda: is_up(settings), START_LIMIT_SECONDS)
        with httpx2.Client(base_url=url, timeout=20) as client:
            yield Front(settings, client, simulator_token(environment))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def simulator_token(environment: dict[str, str]) -> str:
    code = (
        "from app.core.security import Role, mint_service_token; "
        "print(mint_service_token('simulator', [Role.SIMULATOR]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_configuration_is_valid(tmp_path: Path) -> None:
    settings = StackSettings.from_environment(free_ports(), tmp_path)
    gateway.prepare(settings)

    done = subprocess.run(
        [*gateway.command(settings), "--mode", "validate"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert re.findall(r"\${CONTRAIL_[A-Z]", gateway.configuration(settings).read_text()) == []


@pytest.mark.postgres
def test_requests_reach_the_program(front: Front) -> None:
    answer = front.client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}


@pytest.mark.postgres
def test_a_callers_request_id_goes_all_the_way_and_comes_back(front: Front) -> None:
    request_id = str(uuid4())

    answer = front.client.get("/healthz", headers={"x-request-id": request_id})

    assert answer.headers.get_list("x-request-id") == [request_id]


@pytest.mark.postgres
def test_a_request_without_an_id_gets_one(front: Front) -> None:
    answer = front.client.get("/healthz")

    assert len(answer.headers["x-request-id"]) >= 32


@pytest.mark.postgres
@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/metrics"])
def test_every_answer_has_the_security_headers(front: Front, path: str) -> None:
    headers = front.client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "max-age" in headers["strict-transport-security"]
    assert headers["server"] == "contrail"


@pytest.mark.postgres
def test_what_is_not_public_is_not_there(front: Front) -> None:
    answer = front.client.get("/metrics", headers={"x-request-id": 'a"b'})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["status"]) == ("/problems/not_found", 404)


@pytest.mark.postgres
def test_a_body_over_64_kb_is_refused(front: Front) -> None:
    answer = front.client.post("/v1/users", content=b"x" * 65_537)

    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


@pytest.mark.postgres
def test_a_false_simulator_token_is_refused(front: Front) -> None:
    for token in ("nonsense", front.simulator_token[:-4] + "AAAA"):
        answer = front.client.get("/healthz", headers={"contrail-simulator": token})

        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"


@pytest.mark.postgres
def test_one_address_is_limited_and_told_when_to_return(front: Front) -> None:
    answers = [front.client.get("/healthz") for _ in range(gateway.BURST * 3)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "no request of one address was ever refused"
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["code"] == "too_many_requests"
    assert refused[0].headers["x-content-type-options"] == "nosniff"


@pytest.mark.postgres
def test_a_verified_simulator_is_not_limited(front: Front) -> None:
    headers = {"contrail-simulator": front.simulator_token}

    statuses = {front.client.get("/healthz", headers=headers).status_code for _ in range(gateway.BURST * 3)}

    assert statuses == {200}


@pytest.mark.postgres
def test_nobody_can_claim_to_be_the_simulator(front: Front) -> None:
    """The header the gateway sets for itself is worth nothing when it comes from outside."""
    headers = {"x-contrail-simulated": "true"}

    statuses = [front.client.get("/healthz", headers=headers).status_code for _ in range(gateway.BURST * 3)]

    assert 429 in statuses


@pytest.mark.postgres
def test_log_holds_no_address_and_no_query(front: Front) -> None:
    front.client.get("/v1/airports?email=ada@example.org", headers={"x-forwarded-for": "198.18.7.7"})

    def logged() -> list[str]:
        lines = (front.settings.home / "0.log").read_text().splitlines()
        return [line for line in lines if '"/v1/airports"' in line]

    line = wait_until("the request in the log", logged, 30)[-1]
    assert "ada@example.org" not in line
    assert "198.18.7.7" not in line
    assert json.loads(line)["method"] == "GET"
