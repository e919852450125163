"""Search over HTTP. Open to everybody: who logs in only has it noted on the request."""

from fastapi import APIRouter

from app.core import clock
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import OfferId
from app.core.security import OptionalCaller
from app.offers import service
from app.offers.schemas import Offer, OfferRequestCreate, OfferRequestView

router = APIRouter(prefix="/v1", tags=["flights"], responses=PROBLEM_RESPONSES)


@router.post("/offer-requests", summary="Search flights", status_code=201)
async def create_offer_request(body: OfferRequestCreate, caller: OptionalCaller) -> OfferRequestView:
    """One way, there and back, or up to five slices. One offer for each way to fly and brand; its price is
    promised for 30 minutes, its seats are not. All slices of an offer are of one brand and one cabin."""
    # A service token acts for nobody.
    user_id = caller.user_id if caller is not None and caller.session_id is not None else None
    return await service.create_offer_request(body, user_id)


@router.get("/offers/{offer_id}", summary="Read an offer", status_code=200)
async def get_offer(offer_id: OfferId, tx: Transaction) -> Offer:
    return await service.get_offer(tx, offer_id, await clock.now(tx))
