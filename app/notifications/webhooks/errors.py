"""What webhooks refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class EndpointNotFound(NotFound):
    code = "webhook_endpoint_not_found"
    title = "There is no such webhook endpoint"


class DeliveryNotFound(NotFound):
    code = "webhook_delivery_not_found"
    title = "There is no such delivery"


class EndpointsExhausted(Conflict):
    code = "webhook_endpoints_exhausted"
    title = "An account has only so many webhook endpoints"


class EndpointUnfit(Unprocessable):
    """The address is not one that we send to: it needs https and a host of the public internet."""

    code = "webhook_endpoint_unfit"
    title = "Nothing is sent to this address"
