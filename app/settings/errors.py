"""What settings and flags refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class SettingNotFound(NotFound):
    code = "setting_not_found"
    title = "There is no such setting"


class FlagNotFound(NotFound):
    code = "flag_not_found"
    title = "There is no such flag"


class FlagExists(Conflict):
    code = "flag_exists"
    title = "There is such a flag already"


class ValueInvalid(Unprocessable):
    code = "setting_value_invalid"
    title = "The value is not one this setting can have"


class EffectiveInThePast(Unprocessable):
    code = "effective_in_the_past"
    title = "A change takes effect now or later, never before"


class FeatureOff(Conflict):
    code = "feature_off"
    title = "This is switched off at present"
