"""Search over HTTP. Open to everybody: who logs in only has it noted on the request."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Response

from app.core import clock
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import OfferId, OfferRequestId
from app.core.pages import Page, PageRequest
from app.core.security import OptionalCaller
from app.offers import searching, service
from app.offers.schemas import Offer, OfferRequestCreate, OfferRequestView, Visitor
from app.offers.sources.base import OutsideOffer, SourceName

router = APIRouter(prefix="/v1", tags=["flights"], responses=PROBLEM_RESPONSES)

OUTSIDE_ID = r"^[A-Za-z0-9_-]{1,100}$"


async def _visitor(
    caller: OptionalCaller,
    contrail_session: Annotated[
        str | None,
        Header(
            pattern=r"^[A-Za-z0-9_.-]{8,64}$", description="A client's own name for one visit; kept as a hash"
        ),
    ] = None,
    contrail_source: Annotated[
        str,
        Header(pattern=r"^[a-z0-9_.-]{1,40}$", description="Where the visit came from", examples=["web"]),
    ] = "api",
) -> Visitor:
    # A service token acts for nobody.
    user_id = caller.user_id if caller is not None and caller.session_id is not None else None
    return Visitor(user_id, contrail_session, contrail_source)


CurrentVisitor = Annotated[Visitor, Depends(_visitor)]


@router.post("/offer-requests", summary="Search flights", status_code=201, response_model=OfferRequestView)
async def create_offer_request(body: OfferRequestCreate, visitor: CurrentVisitor) -> Response:
    """One way, there and back, or up to five slices. One offer for each way to fly and brand; its price is
    promised for 30 minutes, its seats are not. All slices of an offer are of one brand and one cabin."""
    return Response(await searching.create_offer_request(body, visitor), 201, media_type="application/json")


@router.get(
    "/offer-requests/{offer_request_id}/offers", summary="List the offers of a search", status_code=200
)
async def list_offers(offer_request_id: OfferRequestId, tx: Transaction, paging: PageRequest) -> Page[Offer]:
    """All of them, in the order the search asked for; an answer to a search holds the first."""
    now = await clock.now(tx)
    return paging.answer(await service.list_offers(tx, offer_request_id, paging.window, now))


@router.get("/offers/{offer_id}", summary="Read an offer", status_code=200)
async def get_offer(offer_id: OfferId, tx: Transaction, visitor: CurrentVisitor) -> Offer:
    return await service.look_at_offer(tx, offer_id, await clock.now(tx), visitor)


@router.get(
    "/outside-offers/{source}/{offer_id}", summary="Read another's offer as it is now", status_code=200
)
async def get_outside_offer(
    source: SourceName, offer_id: Annotated[str, Path(pattern=OUTSIDE_ID)]
) -> OutsideOffer:
    """Its source is asked again, so the price may have changed. We sell none of them: see `is_bookable`."""
    return await service.get_outside_offer(source, offer_id)
