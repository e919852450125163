"""Tests of pricing rules."""
