"""Tests of search events."""
