"""Notifications: domain events become requests to write to somebody."""
