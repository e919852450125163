"""Postgres, Kafka and Connect on free ports, for the tests of capture alone."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack, running_stack


@pytest.fixture(scope="package")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("capture") / "home"
    with running_stack(home, "postgres-core", "kafka", "connect", "connector-watchdog") as stack:
        yield stack
