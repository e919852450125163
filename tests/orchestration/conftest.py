"""Gives the folder's tests their cluster."""

from tests.orchestration.fixtures import captured, core, lake, own_cluster, settings, warehouse

__all__ = ["captured", "core", "lake", "own_cluster", "settings", "warehouse"]
