"""What identity refuses."""

from app.core.errors import Conflict, NotFound, Unauthorized


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
