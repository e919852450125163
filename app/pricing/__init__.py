"""Fare products, and what a seat costs line by line."""
