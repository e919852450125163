"""The commands that live in other rooms: registered here, imported when they are called."""

import json
import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

FAILED = 1
FOUND_PROBLEMS = 3

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]
Home = Annotated[
    Path | None, typer.Option("--home", help="Where the stack keeps its state.", envvar="CONTRAIL_HOME")
]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A date, such as 2026-12-24.")]


class Scale(StrEnum):
    TOUR = "tour"
    FULL = "full"


class Play(StrEnum):
    TRAVELLERS = "travellers"
    ATTACK = "attack"


vault = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The keys that seal people's data.")
users = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may do what.")
audit = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The hash chain of the lake.")


def register_others(app: typer.Typer) -> None:
    """Put the commands of the other rooms on the `contrail` command."""
    app.command("load-schedule", epilog="Example: contrail load-schedule --days-ahead 30")(load_schedule)
    app.command("demo", epilog="Example: contrail demo --json")(demo)
    app.command("simulate", epilog="Example: contrail simulate attack --seed 7")(simulate)
    app.command("reconcile", epilog="Example: contrail reconcile --json")(reconcile)
    app.command("bench", epilog="Example: contrail bench api --flame api.svg --json")(bench)
    audit.command("verify", epilog="Example: contrail audit verify --json")(verify)
    app.add_typer(audit, name="audit", epilog="Example: contrail audit verify")
    vault.command("rotate", epilog="Example: contrail vault rotate --new-key")(rotate)
    app.add_typer(vault, name="vault", epilog="Example: contrail vault rotate --dry-run")
    users.command("grant", epilog="Example: contrail users grant usr_0197... admin")(grant)
    app.add_typer(users, name="users", epilog="Example: contrail users grant usr_0197... admin")


def load_schedule(
    home: Home = None,
    first: Day = None,
    last: Day = None,
    days_back: Annotated[int, typer.Option(min=0, help="Days before today.")] = 60,
    days_ahead: Annotated[int, typer.Option(min=0, help="Days after today.")] = 60,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and write nothing.")] = False,
) -> None:
    """Load the real schedule: airports, airlines, aircraft, routes, and dated departures."""
    from deploy.demo import schedule

    _use(home)
    code = schedule.run(
        first=first.date() if first else None,
        last=last.date() if last else None,
        days_back=days_back,
        days_ahead=days_ahead,
        as_json=as_json,
        dry_run=dry_run,
    )
    raise typer.Exit(code)


def demo(
    home: Home = None,
    scale: Annotated[Scale, typer.Option(help="How much is played.")] = Scale.TOUR,
    seed: Annotated[int | None, typer.Option(help="Another play of the same kind.")] = None,
    as_json: Json = False,
) -> None:
    """Start everything, play travellers and an attack, and check every promise."""
    from deploy.demo import tour

    _use(home)
    raise typer.Exit(tour.run(as_json=as_json, scale=scale, **({} if seed is None else {"seed": seed})))


def simulate(
    what: Annotated[Play, typer.Argument(help="travellers | attack")] = Play.TRAVELLERS,
    home: Home = None,
    scale: Annotated[Scale, typer.Option(help="How much is played.")] = Scale.TOUR,
    seed: Annotated[int | None, typer.Option(help="Another play of the same kind.")] = None,
    as_json: Json = False,
) -> None:
    """Play travellers, or an attack, on the running stack, in real time."""
    from deploy.demo import simulate as simulation

    _use(home)
    seeded = {} if seed is None else {"seed": seed}
    raise typer.Exit(simulation.run(what=what, scale=scale, as_json=as_json, **seeded))


def reconcile(home: Home = None, as_json: Json = False) -> None:
    """Compare every captured table of the warehouse with the core, to the row."""
    import psycopg

    from orchestration.arrival import NothingArrives
    from orchestration.reconciliation import reconcile as compare

    _use(home)
    try:
        report = compare()
    except (NothingArrives, psycopg.OperationalError) as error:
        _fail(f"the warehouse could not be compared: {str(error).strip()}; see `contrail status`")
    if as_json:
        print(json.dumps(report.to_dict()))
    else:
        print(f"{'table':<26} {'rows':>9} {'missing':>9} {'extra':>9} {'different':>9}")
        for row in report.tables:
            print(
                f"{row.table:<26} {row.source_rows:>9,} {row.missing:>9,} {row.extra:>9,} {row.different:>9,}"
            )
    if not report.ok:
        raise typer.Exit(FOUND_PROBLEMS)


def bench(
    name: Annotated[str | None, typer.Argument(help="Which bench; all of them when left out.")] = None,
    flame: Annotated[
        Path | None, typer.Option(help="Leave a flame graph of one API process in this file (SVG).")
    ] = None,
    rows: Annotated[
        int, typer.Option(min=1, help="Rows of the audit log that is searched by words (api).")
    ] = 10_000_000,
    as_json: Json = False,
) -> None:
    """Measure on a stack of its own, and compare with the goals."""
    from deploy.bench import runner

    raise typer.Exit(runner.run(name, as_json, runner.Options(flame, rows)))


def verify(home: Home = None, as_json: Json = False) -> None:
    """Check every line and every byte of the lake against its chain."""
    from pipelines.landing.manifest import verify_command

    _use(home)
    verify_command(json=as_json)


def rotate(
    home: Home = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a new master key first.")] = False,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and write nothing.")] = False,
) -> None:
    """Bring every person's key under the current master key; may be stopped and begun again."""
    from app.privacy import rotation
    from deploy.local import secrets
    from deploy.local.settings import StackSettings

    if new_key and dry_run:
        _fail("--new-key writes a key and --dry-run writes nothing: choose one")
    _use(home)
    if new_key:
        version = secrets.add_master_key(StackSettings.resolve(home).secrets)
        print(f"master key {version} made; waiting until every program has read it", file=sys.stderr)
    rotation.run(is_dry=dry_run, as_json=as_json, is_new=new_key)


def grant(
    user_id: Annotated[str, typer.Argument(help="Whom: an id such as usr_0197...")],
    roles: Annotated[list[str], typer.Argument(help="All the roles they are to have beside customer.")],
    home: Home = None,
) -> None:
    """Give a user roles. The way to the first admin; later ones are made by an admin."""
    from app.identity.administration import command

    _use(home)
    try:
        print(command.run(user_id, roles))
    except command.GrantRefused as error:
        _fail(str(error))


def _use(home: Path | None) -> None:
    """Let the programs called here find the same stack as the other commands."""
    from deploy.local.errors import StackError
    from deploy.local.settings import StackSettings

    try:
        os.environ.update(StackSettings.resolve(home).environment())
    except StackError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    print(f"contrail: {message}", file=sys.stderr)
    raise typer.Exit(FAILED)
