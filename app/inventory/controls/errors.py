"""What the controls of inventory refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class CabinNotFound(NotFound):
    code = "cabin_not_found"
    title = "This flight has no such cabin"


class ControlsMalformed(Unprocessable):
    code = "controls_malformed"
    title = "The limits do not nest, or are not those of the cabin's classes"


class OverbookingTooHigh(Unprocessable):
    code = "overbooking_too_high"
    title = "More seats would be authorised than overbooking may reach"


class ControlsBelowSold(Conflict):
    code = "controls_below_sold"
    title = "More is sold and held already than these controls allow"
