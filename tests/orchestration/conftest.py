"""Gives the folder's tests their cluster."""

from tests.orchestration.fixtures import captured, core, lake, own_cluster, settings, warehouse
from tests.orchestration.quiet import pytest_configure

__all__ = ["captured", "core", "lake", "own_cluster", "pytest_configure", "settings", "warehouse"]
