"""What the reference data refuses."""

from app.core.errors import Unprocessable


class PlaceInvalid(Unprocessable):
    code = "place_invalid"
    title = "There is no such place on the map"
