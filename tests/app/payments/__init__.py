"""Mirrors app/payments."""
