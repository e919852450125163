"""A stack of the bench's own: its own home, free ports, only the services named, gone afterwards."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType

from deploy.local import halt, launch
from deploy.local.postgres_files import discard_data
from deploy.local.settings import StackSettings, free_ports

Progress = Callable[[str], None]


@contextlib.contextmanager
def own_stack(
    services: Iterable[str], progress: Progress, variables: Mapping[str, str] | None = None
) -> Iterator[StackSettings]:
    """Start `services` beside whatever else runs here; stop them and remove their data at the end."""
    home = Path(tempfile.mkdtemp(prefix="contrail-bench-"))
    settings = StackSettings.from_environment({**os.environ, **free_ports(), **(variables or {})}, home)
    # A bench that is told to end must still stop what it started.
    before = signal.signal(signal.SIGTERM, _end)
    try:
        launch.up(settings, services, progress)
        yield settings
    finally:
        signal.signal(signal.SIGTERM, before)
        halt.down(settings, progress)
        for cluster in ("core", "warehouse"):
            discard_data(settings.home, cluster)
        shutil.rmtree(home)


def _end(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
