"""What exchange refuses."""

from app.core.errors import Unprocessable


class CurrencyUnavailable(Unprocessable):
    code = "currency_unavailable"
    title = "There is no rate to convert to this currency"
