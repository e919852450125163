"""The reference data over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.caching import NOT_MODIFIED, IfNoneMatch, public
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.pages import Page, PageRequest
from app.reference import service
from app.reference.errors import PlaceInvalid
from app.reference.schemas import AirportView, Nearness

router = APIRouter(prefix="/v1", tags=["flights"], responses=PROBLEM_RESPONSES)

MAX_QUERY_LENGTH = 60
AirportQuery = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_QUERY_LENGTH,
        description="The beginning of a code, or a part of a name or a city",
        examples=["new york"],
    ),
]


# Airports change a few times a year.
KEPT_FOR_SECONDS = 3600
DEFAULT_RADIUS_KM = 100
MAX_RADIUS_KM = 1000
Near = Annotated[
    str | None,
    Query(
        pattern=r"^-?[0-9]{1,2}(\.[0-9]{1,8})?,-?[0-9]{1,3}(\.[0-9]{1,8})?$",
        description="Latitude and longitude in degrees",
        examples=["40.71,-74.01"],
    ),
]
Radius = Annotated[int, Query(ge=1, le=MAX_RADIUS_KM, description="How far from `near`")]


def _coordinates(near: str) -> tuple[float, float]:
    """Raises PlaceInvalid."""
    latitude, longitude = (float(part) for part in near.split(","))
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise PlaceInvalid("latitudes go to 90 degrees, longitudes to 180", pointer="/(query)/near")
    return latitude, longitude


@router.get(
    "/airports",
    summary="List airports",
    status_code=200,
    response_model=Page[AirportView],
    responses=NOT_MODIFIED,
)
async def list_airports(
    tx: Transaction,
    paging: PageRequest,
    query: AirportQuery = None,
    near: Near = None,
    radius_km: Radius = DEFAULT_RADIUS_KM,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """By code; or with `near` those within `radius_km` of a place, the nearest first."""
    if near is not None:
        circle = Nearness(*_coordinates(near), radius_km)
        page = await service.list_airports_near(tx, circle, query, paging.window)
    else:
        page = await service.list_airports(tx, query, paging.window)
    return public(page, if_none_match, KEPT_FOR_SECONDS, paging.links(page))
