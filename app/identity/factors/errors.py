"""What second factors refuse beyond a wrong code."""

from app.core.errors import Conflict


class FactorEnabled(Conflict):
    code = "second_factor_enabled"
    title = "This account has a second factor already; remove it first"


class FactorAbsent(Conflict):
    code = "second_factor_absent"
    title = "This account has no second factor to confirm, give or remove"
