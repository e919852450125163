"""Dagster: from the lake to published marts."""
