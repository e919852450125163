"""Payment providers, each behind the interface of base and a breaker."""

from app.core.config import get_settings
from app.payments.errors import GatewayUnknown
from app.payments.gateways.base import Gateway
from app.payments.gateways.guard import GuardedGateway
from app.payments.gateways.sandbox import SandboxGateway

CREDIT = "travel_credit"


def gateway_named(name: str) -> Gateway:
    """The provider of this name. Raises GatewayUnknown, also for one this installation has no keys of; the
    sandbox's exists only in the sandbox."""
    settings = get_settings()
    if name == SandboxGateway.name and settings.is_sandbox:
        return GuardedGateway(SandboxGateway(f"http://{settings.host}:{settings.sandbox_gateway_port}"))
    if name == "stripe" and settings.has_secret("stripe_api_key"):
        # Its library takes half a second to import, and most installations have no use for it.
        from app.payments.gateways.stripe import StripeGateway

        return GuardedGateway(StripeGateway())
    if name == "paypal" and settings.has_secret("paypal_client_id"):
        from app.payments.gateways.paypal import PayPalGateway

        return GuardedGateway(PayPalGateway())
    raise GatewayUnknown(pointer="/gateway")
