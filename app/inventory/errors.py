"""What inventory refuses."""

from app.core.errors import Conflict


class SoldOut(Conflict):
    code = "sold_out"
    title = "There are not enough seats left in this fare class"


class HoldExpired(Conflict):
    code = "hold_expired"
    title = "The seats were no longer held for this booking"
