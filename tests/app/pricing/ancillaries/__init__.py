"""Tests of ancillaries."""
