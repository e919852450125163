"""What can stop a demo: each error's message is the sentence the caller is shown."""


class DemoError(RuntimeError):
    """The demo cannot go on; the message says what, why, and what to do."""
