import base64
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.local.secrets import PASSWORDS, add_master_key, ensure_secrets


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "secrets"
    before = os.umask(0o000)
    try:
        made = ensure_secrets(folder)
    finally:
        os.umask(before)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == set(made)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_secrets_stay_what_they_are(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert ensure_secrets(tmp_path) == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_secret_left_open_is_closed_again(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    (tmp_path / "owner_password").chmod(0o644)

    ensure_secrets(tmp_path)

    assert (tmp_path / "owner_password").stat().st_mode & 0o777 == 0o600


def test_passwords_differ_and_need_no_escaping(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)

    passwords = [(tmp_path / name).read_text() for name in PASSWORDS]

    assert len(set(passwords)) == len(PASSWORDS)
    assert all(len(p) >= 32 and p.replace("-", "").replace("_", "").isalnum() for p in passwords)


def test_keys_are_of_the_promised_kinds(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)

    signing = load_pem_private_key((tmp_path / "jwt_private_key.pem").read_bytes(), None)
    assert isinstance(signing, Ed25519PrivateKey)
    for name in ("hash_keys.json", "vault_keys.json"):
        ring = json.loads((tmp_path / name).read_text())
        assert ring["current"] == "k1"
        assert len(base64.b64decode(ring["keys"]["k1"]["key"])) == 32
        assert ring["keys"]["k1"]["created_at"].endswith("Z")


def test_new_master_key_becomes_current_and_the_older_ones_stay(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    path = tmp_path / "vault_keys.json"
    before = json.loads(path.read_text())

    made = [add_master_key(tmp_path) for _ in range(2)]

    ring = json.loads(path.read_text())
    assert made == ["k2", "k3"]
    assert ring["current"] == "k3"
    assert ring["keys"]["k1"] == before["keys"]["k1"]
    assert len({entry["key"] for entry in ring["keys"].values()}) == 3
    assert path.stat().st_mode & 0o777 == 0o600
