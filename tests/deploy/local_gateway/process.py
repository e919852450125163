"""A real sandbox gateway, for the tests that need a payment provider."""

from pathlib import Path

from tests.served import ServedProgram


class GatewayProcess(ServedProgram):
    """One gateway over one ledger, which outlives it: killed and started again it knows what it did."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            "deploy.local.sandbox_gateway:app", home / "gateway.log", {"CONTRAIL_HOME": str(home)}
        )
        self.home = home
