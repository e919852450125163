"""Warnings that libraries give of their own parts; all others stay errors."""

import pytest

OF_LIBRARIES = (
    "ignore:sqlglotrs is deprecated:DeprecationWarning",
    "ignore:module 'sre_constants' is deprecated:DeprecationWarning",
    "ignore:The `__fields__` attribute is deprecated:DeprecationWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    """Add the filters, wherever in the run this folder is collected."""
    for line in OF_LIBRARIES:
        config.addinivalue_line("filterwarnings", line)
