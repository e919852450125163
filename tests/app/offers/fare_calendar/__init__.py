"""Tests of the fare calendar."""
