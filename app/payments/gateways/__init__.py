"""Payment providers, each behind the interface of base."""

from app.core.config import get_settings
from app.payments.errors import GatewayUnknown
from app.payments.gateways.base import Gateway
from app.payments.gateways.sandbox import SandboxGateway


def gateway_named(name: str) -> Gateway:
    """The provider of this name. Raises GatewayUnknown; the sandbox's exists only in the sandbox."""
    settings = get_settings()
    if name == SandboxGateway.name and settings.is_sandbox:
        return SandboxGateway(f"http://{settings.host}:{settings.sandbox_gateway_port}")
    raise GatewayUnknown(pointer="/gateway")
