"""The names of what the compliance report counts. Any domain may write others."""

LOGGED_IN = "auth.logged_in"
LOG_IN_FAILED = "auth.log_in_failed"
LOCKED_OUT = "auth.locked_out"
DENIED = "auth.denied"
TOKEN_REUSED = "auth.token_reused"
ROLES_CHANGED = "user.roles_changed"
ERASED = "user.erased"
SETTING_CHANGED = "setting.changed"
FLAG_CHANGED = "flag.changed"

LOG_INS = frozenset({LOGGED_IN})
FAILED_LOG_INS = frozenset({LOG_IN_FAILED})
LOCK_OUTS = frozenset({LOCKED_OUT})
DENIALS = frozenset({DENIED})
REUSES = frozenset({TOKEN_REUSED})
ROLE_CHANGES = frozenset({ROLES_CHANGED})
ERASURES = frozenset({ERASED})
SETTING_CHANGES = frozenset({SETTING_CHANGED, FLAG_CHANGED})
