"""Mirrors deploy/."""
