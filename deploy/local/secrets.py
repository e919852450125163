"""The passwords and keys of one stack, made on first start and never printed."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

PASSWORD_BYTES = 24
KEY_BYTES = 32

PASSWORDS = (
    "core_superuser_password",
    "warehouse_superuser_password",
    "owner_password",
    "app_rw_password",
    "app_ro_password",
    "cdc_password",
    "live_rw_password",
    "bi_reader_password",
    "warehouse_password",
    "dagster_password",
    "gateway_webhook_secret",
    "streamlit_cookie_secret",
)


def ensure_secrets(folder: Path) -> list[str]:
    """Make every secret that is not there yet, readable by its owner alone. Returns the names made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    makers: dict[str, Callable[[], str]] = dict.fromkeys(PASSWORDS, _password)
    makers["jwt_private_key.pem"] = _signing_key
    makers["hash_keys.json"] = _key_ring
    makers["vault_keys.json"] = _key_ring
    return [name for name, make in makers.items() if _write_once(folder / name, make)]


def _write_once(path: Path, make: Callable[[], str]) -> bool:
    """A secret is complete or absent: written beside its place, then linked to it."""
    if path.exists():
        path.chmod(0o600)
        return False
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return False
    finally:
        unfinished.unlink()
    return True


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _signing_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def add_master_key(folder: Path) -> str:
    """Put a new current key on the vault's ring; the older ones stay, to open what is sealed under them.
    Returns its version. The ring is replaced as a whole, so that no reader finds half of it."""
    path = folder / "vault_keys.json"
    ring = json.loads(path.read_text())
    version = f"k{max(int(name.removeprefix('k')) for name in ring['keys']) + 1}"
    ring["keys"][version] = _new_key()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(ring | {"current": version}, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return version


def _key_ring() -> str:
    return json.dumps({"current": "k1", "keys": {"k1": _new_key()}}, indent=2) + "\n"


def _new_key() -> dict[str, str]:
    created_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"key": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(), "created_at": created_at}
