"""What identity refuses."""

from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized


class EmailTaken(Conflict):
    code = "email_taken"
    title = "An account with this e-mail address exists already"


class CredentialsWrong(Unauthorized):
    """The same for a wrong password, an unknown e-mail and an account locked for a while."""

    code = "credentials_wrong"
    title = "E-mail address and password do not belong together"


class RefreshTokenInvalid(Unauthorized):
    code = "refresh_token_invalid"
    title = "The refresh token is not valid; log in again"


class RefreshTokenReused(Unauthorized):
    code = "refresh_token_reused"
    title = "The refresh token was used before, so its session has been ended; log in again"


class UserNotFound(NotFound):
    code = "user_not_found"
    title = "There is no such user"


class SecondFactorRequired(Unauthorized):
    """Only after the right password: who does not know that learns nothing."""

    code = "second_factor_required"
    title = "This account asks for a second factor: repeat with a code of the authenticator"
    advice = "Send the log-in again with `code`: six digits of the authenticator, or a recovery code."


class SecondFactorWrong(Unauthorized):
    """The same for a wrong code, a code used before, and an account that waits after too many."""

    code = "second_factor_wrong"
    title = "The code is not valid"
    advice = "Each code works once. Wait for the next one; after ten wrong ones in a row, some minutes."


class SessionNotFound(NotFound):
    code = "session_not_found"
    title = "There is no such session"


class SessionNeeded(Forbidden):
    code = "session_needed"
    title = "This needs a person who has logged in; a key or a program may not"
