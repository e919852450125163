"""Secrets come from the environment, a Vault or files, in this order; and nothing says them aloud."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.core import secrets
from app.core.config import Settings
from app.core.secrets import SecretMissing

NAME = "app_rw_password"
VARIABLE = "CONTRAIL_SECRET_APP_RW_PASSWORD"
TOKEN = "hvs.a-token"


class VaultHandler(BaseHTTPRequestHandler):
    """The two pages of Vault's HTTP API that are asked: AppRole's log-in, and KV version 2."""

    kept: dict[str, str]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.headers.get("X-Vault-Token") != TOKEN:
            self._answer(403, {"errors": ["permission denied"]})
        elif self.path != "/v1/secret/data/contrail":
            self._answer(404, {"errors": []})
        else:
            self._answer(200, {"data": {"data": self.kept, "metadata": {"version": 3}}})

    def do_POST(self) -> None:
        self.asked.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body == {"role_id": "contrail", "secret_id": "a-secret-id"}:
            self._answer(200, {"auth": {"client_token": TOKEN, "lease_duration": 60}})
        else:
            self._answer(400, {"errors": ["invalid role or secret ID"]})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """A test reads no access log."""


@contextmanager
def serving(kept: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A server that speaks Vault's API: its address, and what it was asked."""
    asked: list[str] = []
    handler = type("Handler", (VaultHandler,), {"kept": kept, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    (tmp_path / NAME).write_text("of-the-file\n")
    (tmp_path / "vault_token").write_text(f"{TOKEN}\n")
    (tmp_path / "secret_id").write_text("a-secret-id\n")
    return tmp_path


def with_vault(folder: Path, url: str, **more: Any) -> Settings:
    token: dict[str, Any] = {} if "vault_role_id" in more else {"vault_token_file": folder / "vault_token"}
    return Settings(secrets_dir=folder, vault_url=url, **token, **more)


def test_file_is_asked_where_there_is_nothing_else(folder: Path) -> None:
    assert Settings(secrets_dir=folder).secret(NAME) == "of-the-file"


def test_environment_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "of-the-environment")

    with serving({NAME: "of-the-vault"}) as (url, asked):
        assert with_vault(folder, url).secret(NAME) == "of-the-environment"
    assert asked == []


def test_name_of_the_variable_is_made_of_the_files() -> None:
    assert secrets.EnvironmentSource().place("vault_keys.json") == "CONTRAIL_SECRET_VAULT_KEYS_JSON"


def test_vault_comes_before_files_and_is_asked_once(folder: Path) -> None:
    with serving({NAME: "of-the-vault", "other": "thing"}) as (url, asked):
        settings = with_vault(folder, url)

        assert settings.secret(NAME) == "of-the-vault"
        assert settings.secret("other") == "thing"
    assert len(asked) == 1


def test_rotated_secret_is_in_use_when_the_old_one_was_remembered_long_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {NAME: "first"}
    with serving(kept) as (url, _):
        settings = with_vault(folder, url)
        before = settings.secret(NAME)
        kept[NAME] = "second"
        remembered = settings.secret(NAME)
        monkeypatch.setattr(secrets, "REMEMBERED_SECONDS", -1.0)
        after = settings.secret(NAME)

    assert (before, remembered, after) == ("first", "first", "second")


def test_vault_is_entered_by_approle(folder: Path) -> None:
    with serving({NAME: "of-the-vault"}) as (url, asked):
        settings = with_vault(
            folder, url, vault_role_id="contrail", vault_secret_id_file=folder / "secret_id"
        )

        assert settings.secret(NAME) == "of-the-vault"
    assert asked == ["/v1/auth/approle/login", "/v1/secret/data/contrail"]


def test_what_the_vault_does_not_have_may_be_a_file(folder: Path) -> None:
    with serving({"other": "thing"}) as (url, _):
        assert with_vault(folder, url).secret(NAME) == "of-the-file"


def test_vault_that_is_away_does_not_let_an_old_file_speak(folder: Path) -> None:
    with serving({}) as (url, _):
        pass

    with pytest.raises(OSError, match="Connection refused"):
        with_vault(folder, url).secret(NAME)


def test_vault_that_refuses_the_token_does_not_let_an_old_file_speak(folder: Path) -> None:
    import hvac

    (folder / "vault_token").write_text("another")
    with serving({NAME: "of-the-vault"}) as (url, _), pytest.raises(hvac.exceptions.Forbidden):
        with_vault(folder, url).secret(NAME)


def test_missing_secret_is_named_with_the_places_that_were_looked_at(folder: Path) -> None:
    with pytest.raises(SecretMissing) as missing:
        Settings(secrets_dir=folder).secret("no_such")

    assert "no_such" in str(missing.value)
    assert "CONTRAIL_SECRET_NO_SUCH" in str(missing.value)
    assert "of-the-file" not in str(missing.value)


def test_no_secret_is_in_a_log_or_a_representation(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with serving({NAME: "of-the-vault"}) as (url, _):
        settings = with_vault(folder, url)
        settings.secret(NAME)
        said = f"{settings!r} {settings._secret_sources!r} {settings.model_dump_json()}"

    for secret in ("of-the-vault", TOKEN):
        assert secret not in said
        assert secret not in caplog.text
    assert "/v1/secret/data/contrail" in caplog.text, "or nothing was heard at all"
