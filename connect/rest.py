"""Kafka Connect's REST interface: the few calls that registration and the watchdog need."""

from types import TracebackType
from typing import Any, Self

import httpx2

from connect.settings import CONNECTOR

# Connect answers 404 to everything while it starts, 409 while its workers agree on who does what,
# and 500 after a limit of its own.
REQUEST_TIMEOUT_SECONDS = 30.0


class ConnectUnreachable(RuntimeError):
    """Connect did not answer, or answered that it cannot right now; the same call may work later."""


class ConnectRefused(RuntimeError):
    """Connect refused a request for good; the message is its reason."""


class ConnectClient:
    """One worker's REST interface, for one connector."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=url, timeout=REQUEST_TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def config(self) -> dict[str, str] | None:
        """The connector's present configuration; None when it is not registered."""
        config: dict[str, str] | None = self._get(f"/connectors/{CONNECTOR}/config")
        return config

    def status(self) -> dict[str, Any] | None:
        status: dict[str, Any] | None = self._get(f"/connectors/{CONNECTOR}/status")
        return status

    def offsets(self) -> list[dict[str, Any]]:
        """What the connector has read so far; empty before its first commit."""
        answer = self._get(f"/connectors/{CONNECTOR}/offsets")
        return list(answer["offsets"]) if answer else []

    def put_config(self, config: dict[str, str]) -> None:
        self._send("PUT", f"/connectors/{CONNECTOR}/config", config)

    def restart_failed(self) -> None:
        self._send("POST", f"/connectors/{CONNECTOR}/restart?includeTasks=true&onlyFailed=true")

    def stop(self) -> None:
        self._send("PUT", f"/connectors/{CONNECTOR}/stop")

    def resume(self) -> None:
        self._send("PUT", f"/connectors/{CONNECTOR}/resume")

    def delete_offsets(self) -> None:
        self._send("DELETE", f"/connectors/{CONNECTOR}/offsets")

    def _get(self, path: str) -> Any:
        try:
            answer = self._http.get(path)
        except httpx2.TransportError as error:
            raise ConnectUnreachable(f"Kafka Connect does not answer: {error}") from error
        if answer.status_code == 404:
            return None
        _raise_for(answer)
        return answer.json()

    def _send(self, method: str, path: str, body: dict[str, str] | None = None) -> None:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx2.TransportError as error:
            raise ConnectUnreachable(f"Kafka Connect does not answer: {error}") from error
        _raise_for(answer)


def _raise_for(answer: httpx2.Response) -> None:
    if answer.status_code < 400:
        return
    is_passing = answer.status_code in (404, 409) or answer.status_code >= 500
    reason = f"Kafka Connect answered {answer.status_code}: {_message(answer)}"
    raise ConnectUnreachable(reason) if is_passing else ConnectRefused(reason)


def _message(answer: httpx2.Response) -> str:
    try:
        return str(answer.json().get("message", answer.text))
    except ValueError:
        return answer.text
