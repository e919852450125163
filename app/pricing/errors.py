"""What pricing refuses."""

from app.core.errors import NotFound


class FareProductNotFound(NotFound):
    code = "fare_product_not_found"
    title = "There is no such fare product"
