"""Tests of pipelines/fraud."""
