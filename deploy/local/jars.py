"""The jars of Kafka, Connect and Debezium: fetched as connect/jgo.lock.toml names them, checked by sha256."""

import fcntl
import hashlib
import os
import shutil
import sys
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from deploy.local.errors import StackError
from deploy.local.settings import PROJECT_ROOT

LOCK = PROJECT_ROOT / "connect" / "jgo.lock.toml"
# Beside the virtual environment's other programs, shared by every stack started from it.
JARS = Path(sys.prefix) / "share" / "contrail" / "jars"
# Debezium and what only it needs go to a folder of their own: Connect loads it apart from itself.
PLUGIN_GROUPS = ("io.debezium", "org.postgresql", "com.google.protobuf")
PARALLEL_DOWNLOADS = 8
DOWNLOAD_TIMEOUT_SECONDS = 60


class JarError(StackError):
    """A jar is missing or is not the one that was locked; the message says which."""


class LockedJar(NamedTuple):
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        """Its place below the jars' folder."""
        folder = "plugins/debezium" if self.group in PLUGIN_GROUPS else "libs"
        return Path(folder) / f"{self.artifact}-{self.version}.jar"


def locked_jars(lock: Path = LOCK) -> list[LockedJar]:
    with lock.open("rb") as file:
        entries = tomllib.load(file)["dependencies"]
    return [LockedJar(e["groupId"], e["artifactId"], e["version"], e["sha256"]) for e in entries]


def libraries(jars: Path = JARS) -> str:
    """The class path of the broker and of Connect."""
    return str(jars / "libs" / "*")


def plugins(jars: Path = JARS) -> Path:
    return jars / "plugins"


def missing_or_wrong(jars: Path = JARS, lock: Path = LOCK) -> list[str]:
    """The locked jars that are not there, or not with the locked content."""
    return [jar.path.name for jar in locked_jars(lock) if not _is_right(jars / jar.path, jar.sha256)]


def are_present(jars: Path = JARS, lock: Path = LOCK) -> bool:
    """Whether `ensure_jars` finished for this very lock; cheap, so it reads no jar."""
    marker = jars / "complete"
    return marker.exists() and marker.read_text() == _digest(lock)


def ensure_jars(progress: Callable[[str], None], jars: Path = JARS, lock: Path = LOCK) -> None:
    """Fetch what is missing. Safe to call from several processes at once; nothing unlocked stays."""
    jars.mkdir(parents=True, exist_ok=True)
    with (jars / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if are_present(jars, lock):
            return
        wanted = locked_jars(lock)
        absent = [jar for jar in wanted if not _is_right(jars / jar.path, jar.sha256)]
        _fetch(absent, jars, progress)
        _remove_unlocked(jars, {jars / jar.path for jar in wanted})
        (jars / "complete").write_text(_digest(lock))


def _fetch(absent: list[LockedJar], jars: Path, progress: Callable[[str], None]) -> None:
    if not absent:
        return
    progress(f"fetching {len(absent)} jars for Kafka, Connect and Debezium")
    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        downloads = [pool.submit(_fetch_one, jar, jars) for jar in absent]
        for done, download in enumerate(as_completed(downloads), start=1):
            download.result()
            if done % 20 == 0 or done == len(absent):
                progress(f"fetched {done} of {len(absent)} jars")


def _fetch_one(jar: LockedJar, jars: Path) -> None:
    """Download through jgo into a repository of our own, and let only the locked content out of it."""
    from jgo.constants import default_maven_repo
    from jgo.maven import MavenContext

    context = MavenContext(
        repo_cache=jars / "repository",
        local_repos=[default_maven_repo()],
        timeout=DOWNLOAD_TIMEOUT_SECONDS,
    )
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    downloaded = artifact.cached_path
    if downloaded is not None and downloaded.exists() and not _is_right(downloaded, jar.sha256):
        # Left half-written by a download that was killed.
        downloaded.unlink()
    found = artifact.resolve()
    if not _is_right(found, jar.sha256):
        raise JarError(
            f"{found.name} does not have the sha256 of {LOCK.name}; remove {found} and run the command again"
        )
    target = jars / jar.path
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(found, unfinished)
    unfinished.replace(target)
    if downloaded is not None:
        downloaded.unlink(missing_ok=True)


def _remove_unlocked(jars: Path, wanted: set[Path]) -> None:
    for folder in ("libs", "plugins"):
        for path in (jars / folder).rglob("*.jar"):
            if path not in wanted:
                path.unlink()


def _is_right(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


if __name__ == "__main__":
    ensure_jars(lambda line: print(line, file=sys.stderr, flush=True))
