"""Doing things in the order of what they wait for, the independent ones at the same time."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

# Most of the work is waiting for other processes, so there may be more of these than cores.
PARALLEL = 16


class Unorderable(ValueError):
    """Some nodes wait for each other."""


def run_in_order(
    after: Mapping[str, Iterable[str]],
    act: Callable[[str], None],
    abandon: Callable[[], None] = lambda: None,
) -> None:
    """Call `act` once for every name, after it returned for all that the name waits for.

    Names that are waited for but are not keys count as done. After a failure, or when the user interrupts,
    nothing new begins and `abandon` is called, which should make what has begun return; then the first
    failure is raised.
    """
    waiting = {name: {other for other in others if other in after} for name, others in after.items()}
    running: dict[Future[None], str] = {}
    failure: BaseException | None = None
    with ThreadPoolExecutor(PARALLEL) as pool:
        while waiting or running:
            if failure is None:
                for name in [name for name, others in waiting.items() if not others]:
                    del waiting[name]
                    running[pool.submit(act, name)] = name
            if not running:
                break
            try:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                abandon()
                raise
            for future in finished:
                name = running.pop(future)
                if failure is None and future.exception() is not None:
                    failure = future.exception()
                    abandon()
                for others in waiting.values():
                    others.discard(name)
    if failure is not None:
        raise failure
    if waiting:
        raise Unorderable(f"these wait for each other: {', '.join(sorted(waiting))}")


def reversed_order(after: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """The same nodes the other way round: each waits for those that waited for it."""
    turned: dict[str, set[str]] = {name: set() for name in after}
    for name, others in after.items():
        for other in others:
            if other in turned:
                turned[other].add(name)
    return turned
