"""What webhooks refuse."""

from app.core.errors import BadRequest, Unprocessable


class WebhookUnsigned(BadRequest):
    code = "webhook_unsigned"
    title = "The webhook is not signed by its provider, or was signed too long ago"


class WebhookMalformed(Unprocessable):
    code = "webhook_malformed"
    title = "The webhook is signed, and says nothing that can be read"


class WebhookDiffers(Unprocessable):
    code = "webhook_amount_differs"
    title = "The webhook names another amount or currency than the payment has"
