"""Pricing rules over HTTP, for administrators."""

from fastapi import APIRouter, Response

from app.core import etags
from app.core.db import Transaction
from app.core.etags import IfMatch
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import PricingRuleId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller, Role, require_role
from app.pricing.adjustments import service
from app.pricing.adjustments.schemas import PricingRule, PricingRuleRequest

router = APIRouter(
    prefix="/v1/admin/pricing-rules",
    tags=["pricing"],
    responses=PROBLEM_RESPONSES,
    dependencies=[require_role(Role.ADMIN, Role.OPERATIONS)],
)


@router.post("", summary="Make a pricing rule", status_code=201)
async def create_pricing_rule(
    body: PricingRuleRequest, caller: CurrentCaller, tx: Transaction, response: Response
) -> PricingRule:
    """It changes the prices of searches from `valid_from` on, about a minute after it is made. What has
    been offered or booked keeps its price."""
    made = await service.create_rule(tx, caller, body)
    etags.tag(response, made.version)
    return made


@router.get("", summary="List the pricing rules, the newest first", status_code=200)
async def list_pricing_rules(tx: Transaction, paging: PageRequest) -> Page[PricingRule]:
    return paging.answer(await service.list_rules(tx, paging.window))


@router.get("/{rule_id}", summary="Read a pricing rule", status_code=200)
async def get_pricing_rule(rule_id: PricingRuleId, tx: Transaction, response: Response) -> PricingRule:
    found = await service.get_rule(tx, rule_id)
    etags.tag(response, found.version)
    return found


@router.put("/{rule_id}", summary="Replace a pricing rule", status_code=200)
async def replace_pricing_rule(
    rule_id: PricingRuleId,
    body: PricingRuleRequest,
    caller: CurrentCaller,
    expected: IfMatch,
    tx: Transaction,
    response: Response,
) -> PricingRule:
    """Needs If-Match. What it said before is in the audit log."""
    changed = await service.replace_rule(tx, caller, rule_id, expected, body)
    etags.tag(response, changed.version)
    return changed


@router.delete("/{rule_id}", summary="End a pricing rule", status_code=200)
async def end_pricing_rule(
    rule_id: PricingRuleId, caller: CurrentCaller, expected: IfMatch, tx: Transaction, response: Response
) -> PricingRule:
    """It holds no longer and stays to be read: prices were made with it."""
    ended = await service.end_rule(tx, caller, rule_id, expected)
    etags.tag(response, ended.version)
    return ended
