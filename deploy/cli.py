"""The `contrail` command. Every command imports what it needs when it is called, so that help is quick."""

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from deploy.commands import register_others

if TYPE_CHECKING:
    from deploy.local.settings import StackSettings

FAILED = 1
USAGE = 2
FOUND_PROBLEMS = 3
FOLLOW_SECONDS = 0.3

app = typer.Typer(
    name="contrail",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The local stack of Contrail: start it, look at it, play with it, stop it.",
    epilog="Example: contrail up && contrail status",
)

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Where the stack keeps its state.", envvar="CONTRAIL_HOME", show_envvar=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


def main() -> None:
    """Run the command; whatever it was told wrongly or cannot do is one sentence on standard error."""
    app(prog_name="contrail")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version("contrail"))
        raise typer.Exit


@app.callback()
def common(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command(epilog="Example: contrail up --only postgres-core,kafka")
def up(
    home: Home = None,
    only: Annotated[
        str | None, typer.Option("--only", help="Start only these services, separated by commas.")
    ] = None,
) -> None:
    """Start everything that is not running yet, and wait until it works."""
    from deploy.local import launch
    from deploy.local.errors import StackError
    from deploy.local.settings import SettingsError

    began = time.monotonic()

    def progress(line: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {line}", file=sys.stderr, flush=True)

    names = [name.strip() for name in only.split(",") if name.strip()] if only is not None else None
    try:
        settings = _settings(home)
        launch.up(settings, names, progress)
    except SettingsError as error:
        _fail(str(error), USAGE)
    except StackError as error:
        _fail(str(error))
    if names is None:
        url = f"http://{settings.host}:{settings.ports.gateway}/docs"
        print(f"The API is at {url}; next: contrail status", file=sys.stderr)


@app.command(epilog="Example: contrail down")
def down(home: Home = None) -> None:
    """Stop everything, in the opposite order, and leave no process behind."""
    from deploy.local import halt
    from deploy.local.errors import StackError

    try:
        stopped = halt.down(_settings(home), lambda line: print(line, file=sys.stderr, flush=True))
    except StackError as error:
        _fail(str(error))
    print(f"{stopped} processes stopped" if stopped else "nothing was running", file=sys.stderr)


@app.command(epilog="Example: contrail status --json")
def status(home: Home = None, as_json: Json = False) -> None:
    """Show each process, whether it works, and how far the copies are behind the core."""
    from deploy.local import status as stack_status
    from deploy.local.errors import StackError

    try:
        taken = stack_status.take(_settings(home))
    except StackError as error:
        _fail(str(error))
    print(json.dumps(taken) if as_json else stack_status.table(taken))
    if not stack_status.is_well(taken):
        raise typer.Exit(FOUND_PROBLEMS)


@app.command(epilog="Example: contrail logs kafka --follow")
def logs(
    name: Annotated[str, typer.Argument(help="A service, as `contrail status` names it, or a step.")],
    home: Home = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of the end.", min=1)] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
) -> None:
    """Print the end of one service's log."""
    settings = _settings(home)
    path = settings.logs / f"{name}.log"
    if "/" in name or not path.exists():
        _unknown_log(settings, name)
    with path.open(errors="replace") as file:
        for line in file.readlines()[-lines:]:
            print(line, end="")
        while follow:
            print(file.read(), end="", flush=True)
            time.sleep(FOLLOW_SECONDS)


@app.command(epilog="Example: contrail doctor")
def doctor(home: Home = None, as_json: Json = False) -> None:
    """Look whether this machine can run the stack, and say what is missing."""
    from deploy.local import doctor as examination
    from deploy.local.errors import StackError

    findings = []
    try:
        for finding in examination.examine(_settings(home)):
            findings.append(finding)
            if not as_json:
                mark = "ok   " if finding.ok else ("FAULT" if finding.stops else "note ")
                print(f"{mark}  {finding.name:<9} {finding.detail}", flush=True)
    except StackError as error:
        _fail(str(error))
    prevented = examination.prevents_up(findings)
    if as_json:
        print(json.dumps({"checks": [f._asdict() for f in findings], "ok": not prevented}))
    if prevented:
        raise typer.Exit(FOUND_PROBLEMS)


def _settings(home: Path | None) -> "StackSettings":
    from deploy.local.errors import StackError
    from deploy.local.settings import StackSettings

    try:
        return StackSettings.resolve(home, os.environ)
    except StackError as error:
        _fail(str(error), USAGE)


def _unknown_log(settings: "StackSettings", name: str) -> NoReturn:
    from difflib import get_close_matches

    known = sorted(path.stem for path in settings.logs.glob("*.log"))
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are logs of: {', '.join(known) or 'nothing yet'}"
    _fail(f"there is no log of {name}: {hint}", USAGE)


def _fail(message: str, code: int = FAILED) -> NoReturn:
    print(f"contrail: {message}", file=sys.stderr)
    raise typer.Exit(code)


register_others(app)

if __name__ == "__main__":
    main()
