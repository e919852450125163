"""How many connections each program of the core may keep, so that all of them together find a place.

    programs x (pool + LISTENERS) + FLOWS + VISITORS <= max_connections - superuser_reserved_connections

solved for the pool, and no larger than a process can use. README says where the numbers come from."""

import re

PROGRAMS_BESIDE_THE_API = 1  # the chores
# Connections a program keeps outside of its pool, each waiting for notifications.
LISTENERS = 4
# The stream flows write with a connection each, and open a second while the first is found broken.
FLOWS = 8
# Capture, reconciliation, dashboards, status, migrations and people with psql.
VISITORS = 25
# The most requests one event loop has in the database at a time, before its own processor is the limit.
MOST_USEFUL = 10
# Below this a process answers `unavailable` at ordinary load.
LEAST_USEFUL = 3
# Postgres' default: places kept for a superuser who has to look at a full server.
SUPERUSER_RESERVED = 3


class TooManyProcesses(ValueError):
    """No pool worth having is left for each; the message says how many processes there may be."""


def pool_size(api_processes: int, max_connections: int) -> int:
    """The pool of each program of the core. Raises TooManyProcesses."""
    programs = api_processes + PROGRAMS_BESIDE_THE_API
    fair = _left(max_connections) // programs - LISTENERS
    if fair < LEAST_USEFUL:
        most = _left(max_connections) // (LEAST_USEFUL + LISTENERS) - PROGRAMS_BESIDE_THE_API
        raise TooManyProcesses(
            f"{api_processes} API processes leave each a pool of {max(fair, 0)} "
            f"of {max_connections} connections; "
            f"run at most {most}, or raise max_connections in deploy/postgres/core.conf"
        )
    return min(MOST_USEFUL, fair)


def needed(api_processes: int, pool: int) -> int:
    """The most connections all programs together may have open."""
    return (
        (api_processes + PROGRAMS_BESIDE_THE_API) * (pool + LISTENERS) + FLOWS + VISITORS + SUPERUSER_RESERVED
    )


def max_connections_of(configuration: str) -> int:
    """What a postgresql.conf says. Raises ValueError when it says nothing."""
    found = re.search(r"^max_connections\s*=\s*(\d+)", configuration, re.MULTILINE)
    if found is None:
        raise ValueError("max_connections is not set")
    return int(found[1])


def _left(max_connections: int) -> int:
    return max_connections - SUPERUSER_RESERVED - FLOWS - VISITORS
