"""Bring the whole vault under the current master key: `python -m app.privacy.rotation [--dry-run]`.

In small lots, each in a transaction of its own, so that it may be stopped at any point and begun again: what
is under the current key already is not looked for. Nobody is shut out meanwhile: every living key opens."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from uuid import UUID

from app.core import vault
from app.core.db import engine, transaction
from app.identity import lookup_service as lookups

LOT = 500

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Rotated:
    """`left` is what is wrapped under older keys: by a program that had not read the ring anew, say."""

    version: str
    keys: int
    lookups: int
    left: int
    is_dry: bool


async def rotate(progress: Progress, *, is_dry: bool = False) -> Rotated:
    """Wrap every key, and make every look-up, under the current master key."""
    version = vault.current_version()
    older = await _count_older(version)
    keys = older if is_dry else await _rewrap(progress, older)
    changed = await _rekey(progress, is_dry=is_dry)
    left = older if is_dry else await _count_older(version)
    return Rotated(version, keys, changed, left, is_dry)


async def _count_older(version: str) -> int:
    async with transaction() as session:
        counted = await vault.count_wrapped(session)
    return sum(keys for wrapped_under, keys in counted.items() if wrapped_under != version)


async def _rewrap(progress: Progress, older: int) -> int:
    done = 0
    while True:
        async with transaction() as session:
            lot = await vault.rewrap(session, LOT)
        if lot == 0:
            return done
        done += lot
        progress(f"{done:,} of {older:,} keys wrapped anew")


async def _rekey(progress: Progress, *, is_dry: bool) -> int:
    changed = 0
    after: UUID | None = None
    while True:
        async with transaction() as session:
            lot, after = await lookups.rekey_logins(session, after, LOT, is_dry=is_dry)
        changed += lot
        if after is None:
            return changed
        progress(f"{changed:,} look-ups made anew")


def run(*, is_dry: bool, as_json: bool, is_new: bool = False) -> None:
    """The command: data on standard output, progress on standard error. After a new key it waits until
    every program that runs has read it."""

    async def work() -> Rotated:
        try:
            if is_new:
                await asyncio.sleep(vault.RING_SECONDS * 2)
            return await rotate(lambda line: print(line, file=sys.stderr, flush=True), is_dry=is_dry)
        finally:
            await engine().dispose()

    done = asyncio.run(work())
    if as_json:
        print(json.dumps(asdict(done)))
        return
    verb = "would be" if is_dry else "were"
    print(f"{done.keys:,} keys and {done.lookups:,} look-ups {verb} brought under master key {done.version}")
    if done.left and not is_dry:
        print("some were written under an older key meanwhile: run it again", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dry-run", action="store_true", help="count, and write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    run(is_dry=given.dry_run, as_json=given.json)
