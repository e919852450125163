"""Tests of pipelines/landing."""
