"""What groups refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class GroupNotFound(NotFound):
    code = "group_not_found"
    title = "There is no such group"


class GroupNotQuotable(Conflict):
    code = "group_not_quotable"
    title = "This group can no longer be quoted or declined"


class GroupQuoteEnded(Conflict):
    code = "group_quote_ended"
    title = "There is no quote of this group that can be accepted"


class GroupEnded(Conflict):
    code = "group_ended"
    title = "This group holds no seats that could be named or given up"


class ClassNotOnSale(Conflict):
    code = "class_not_on_sale"
    title = "This fare class is not on sale for these flights now"


class DeadlinesInvalid(Unprocessable):
    code = "group_deadlines_invalid"
    title = "The deadlines of a group come one after the other, before its first flight"


class TooManyNames(Conflict):
    code = "group_too_many_names"
    title = "There are more names than seats without one"


class NamesMissing(Conflict):
    code = "names_missing"
    title = "Somebody of this booking has no name yet"


class DepositNotDue(Conflict):
    code = "deposit_not_due"
    title = "No deposit is due for this booking"
