"""Pricing rules: what changes fares from one moment to another, and says why on the price."""
