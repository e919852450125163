"""What pricing rules refuse."""

from app.core.errors import Conflict, NotFound


class PricingRuleNotFound(NotFound):
    code = "pricing_rule_not_found"
    title = "There is no such pricing rule"


class PricingRuleEnded(Conflict):
    code = "pricing_rule_ended"
    title = "A rule that has ended is history; make another"


class TooManyPricingRules(Conflict):
    code = "too_many_pricing_rules"
    title = "There are as many pricing rules as a price can look at"
