"""Who may change an account: the person who has logged in, and nothing that acts in their name."""

from uuid import UUID

from app.core.security import Caller
from app.identity.errors import SessionNeeded


def ensure_person(caller: Caller) -> UUID:
    """The user behind a session. Raises SessionNeeded for an API key, Forbidden for a guest or a program."""
    user_id = caller.user_id
    if caller.session_id is None or caller.api_key_id is not None:
        raise SessionNeeded()
    return user_id
