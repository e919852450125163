"""Tests of pipelines/notifications."""
