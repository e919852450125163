"""Tests of the transactional core."""
