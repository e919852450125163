"""The tests' own setting is as known as any other."""

import pytest

from app.settings.registry import SETTINGS
from tests.app.settings.conditions import PATIENCE


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, PATIENCE.key, PATIENCE)
