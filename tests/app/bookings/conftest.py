"""What the tests of bookings share: a payment provider, and travellers who use the API."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.core.config import get_settings
from tests.app.bookings.travellers import Traveller, new_traveller
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess


@pytest.fixture(scope="session")
def gateway(core_settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """The sandbox gateway as the process it is, where the core's settings say it is."""
    process = GatewayProcess(tmp_path_factory.mktemp("sandbox_gateway"))
    process.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTRAIL_SANDBOX_GATEWAY_PORT", str(process.port))
        get_settings.cache_clear()
        yield process
    get_settings.cache_clear()
    process.kill()


@pytest.fixture
async def traveller(client: httpx2.AsyncClient, owner: Owner, gateway: GatewayProcess) -> Traveller:
    return new_traveller(client, owner)
