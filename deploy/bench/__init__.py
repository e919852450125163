"""Measurements: each figure a ratio or a percentile taken inside one run, beside its reference."""
