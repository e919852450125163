"""Tests of pipelines/availability."""
