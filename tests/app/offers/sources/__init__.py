"""Tests of outside sources."""
