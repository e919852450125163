"""The commands that live in other rooms; each is registered here once it exists there."""

import typer


def register_others(app: typer.Typer) -> None:
    """Put the commands of the other rooms on the `contrail` command."""
