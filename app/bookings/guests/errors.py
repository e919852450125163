"""What guests are refused."""

from app.core.errors import TooManyRequests, Unauthorized


class GuestRefused(Unauthorized):
    """The same for a locator that is nobody's and for a name that is not on it."""

    code = "guest_refused"
    title = "Locator and last name do not belong together"
    advice = (
        "Copy both from the confirmation. After five wrong names a locator rests for a quarter of an hour."
    )


class TooManyGuesses(TooManyRequests):
    code = "too_many_guesses"
    title = "Too many wrong guesses; wait a while"
