"""The user Postgres runs as when the stack is started by root, and the folders that user can reach."""

import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

from deploy.local.errors import StackError

SYSTEM_USER = "contrail"
# Where binaries and data go when the system user cannot reach the stack's own folders.
REACHABLE_ROOT = Path("/var/lib/contrail")
# Names the home a folder there belongs to.
HOME_FILE = "home"
COMMAND_LIMIT_SECONDS = 60


class UserError(StackError):
    """Postgres cannot be run as anyone here; the message says what to do."""


def postgres_user() -> pwd.struct_passwd | None:
    """The user to become before starting Postgres; None when the caller may run it as himself.

    Postgres refuses to run as root, so for root a system user is made once.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    if shutil.which("useradd") is None:
        raise UserError(
            "Postgres does not run as root and there is no useradd to make it a user; "
            "start the stack as an ordinary user"
        )
    made = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_SECONDS,
        check=False,
    )
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise UserError(
            f"the system user {SYSTEM_USER} for Postgres could not be made ({made.stderr.strip()}); "
            "start the stack as an ordinary user"
        ) from None


def run_as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments of subprocess that make a child run as `user`."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def can_enter(user: pwd.struct_passwd, folder: Path) -> bool:
    """Whether `user` may pass through `folder` and all above it; asked of the kernel, not worked out."""
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        cwd="/",
        capture_output=True,
        timeout=COMMAND_LIMIT_SECONDS,
        check=False,
        **run_as(user),
    )
    return tried.returncode == 0


def reachable_folder(user: pwd.struct_passwd, home: Path) -> Path:
    """A folder of this stack alone that `user` can reach. Raises UserError when there is none.

    The folders of homes that are gone are removed on the way: nobody has the passwords to their data.
    """
    folder = REACHABLE_ROOT / hashlib.sha256(str(home).encode()).hexdigest()[:16]
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    (folder / HOME_FILE).write_text(str(home))
    for other in REACHABLE_ROOT.glob(f"*/{HOME_FILE}"):
        if not Path(other.read_text()).exists():
            shutil.rmtree(other.parent)
    if not can_enter(user, folder):
        raise UserError(
            f"user {user.pw_name} can reach neither {home} nor {folder}, so Postgres cannot keep its data; "
            "choose a CONTRAIL_HOME that other users may pass through"
        )
    return folder


def give(user: pwd.struct_passwd | None, path: Path) -> None:
    """Make `user` the owner of one file or folder."""
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)
