"""The pools of all programs fit into the server, by the written formula."""

import pytest

from deploy.local import pools
from deploy.local.settings import API_PROCESSES, PROJECT_ROOT, StackSettings

SERVER = pools.max_connections_of((PROJECT_ROOT / "deploy/postgres/core.conf").read_text())


def test_stack_as_it_runs_finds_a_place_for_every_connection() -> None:
    pool = int(StackSettings.from_environment({}).environment()["CONTRAIL_POOL_SIZE"])

    assert pool == pools.pool_size(API_PROCESSES, SERVER)
    assert pools.needed(API_PROCESSES, pool) <= SERVER


@pytest.mark.parametrize("processes", range(1, 12))
def test_more_processes_get_smaller_pools_and_still_fit(processes: int) -> None:
    assert pools.needed(processes, pools.pool_size(processes, SERVER)) <= SERVER


def test_one_size_for_any_number_of_processes_would_not_fit() -> None:
    """The negative control: ten connections each, whatever the number of processes."""
    assert pools.needed(8, pools.MOST_USEFUL) > SERVER


def test_processes_that_cannot_work_are_refused_with_what_to_do() -> None:
    with pytest.raises(pools.TooManyProcesses, match="run at most 11, or raise max_connections"):
        pools.pool_size(40, SERVER)
