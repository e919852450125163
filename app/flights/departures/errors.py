"""Why departures are not kept in memory."""


class NotIndexable(RuntimeError):
    """Some departure does not fit the columns kept in memory; the message says of which kind."""
