"""What recovery refuses."""

from app.core.errors import BadRequest, Conflict


class MailTokenInvalid(BadRequest):
    """The same for a token that never was, is too old, or was used."""

    code = "mail_token_invalid"
    title = "The token is not valid, or no longer; ask for another letter"


class EmailVerified(Conflict):
    code = "email_verified"
    title = "The e-mail address is verified already"
