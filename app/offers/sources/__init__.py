"""Inventory of others, searched beside our own."""
