"""What API keys refuse."""

from app.core.errors import Conflict, NotFound, Unauthorized


class ApiKeyInvalid(Unauthorized):
    """The same for a key that never was, has ended, was revoked, or whose owner is locked."""

    code = "api_key_invalid"
    title = "The API key is not valid"
    advice = "Make another under POST /v1/me/api-keys, and send it as `Authorization: Bearer ck_...`."


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    title = "There is no such API key"


class ApiKeyEnded(Conflict):
    code = "api_key_ended"
    title = "This key was revoked, has ended, or was rotated before"


class TooManyApiKeys(Conflict):
    code = "too_many_api_keys"
    title = "There are as many living keys as an account may have; revoke one first"
