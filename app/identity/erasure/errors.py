"""What erasure refuses."""

from app.core.errors import Forbidden


class FreshLogInRequired(Forbidden):
    code = "fresh_log_in_required"
    title = "This cannot be undone, so it needs a log-in of the last 15 minutes"
    advice = "Log in again, or give a second factor, and repeat with the new access token."
