"""No key, password or token is in a tracked file."""

import subprocess
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parents[2]
# Lock files are full of hashes, which look like keys to a machine.
LEFT_OUT = {"requirements.lock", "connect/jgo.lock.toml"}
PLUGINS = {
    "plugins_used": [
        {"name": name}
        for name in (
            "AWSKeyDetector", "AzureStorageKeyDetector", "GitHubTokenDetector", "JwtTokenDetector",
            "NpmDetector", "PrivateKeyDetector", "SlackDetector", "StripeDetector", "TwilioKeyDetector",
        )
    ]
}  # fmt: skip


def found_in(paths: list[Path]) -> list[str]:
    secrets = SecretsCollection()
    with transient_settings(PLUGINS):
        for path in paths:
            secrets.scan_file(str(path))
    return [f"{name}:{secret.line_number} {secret.type}" for name, secret in secrets]


def test_no_secret_is_tracked() -> None:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in names.splitlines() if name not in LEFT_OUT and (ROOT / name).is_file()]

    assert found_in(paths) == []


def test_a_secret_would_be_found(tmp_path: Path) -> None:
    planted = tmp_path / "settings.txt"
    planted.write_text("-----BEGIN " + "RSA PRIVATE KEY-----\n")

    assert found_in([planted])
