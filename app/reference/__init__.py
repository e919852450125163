"""Airports, airlines, aircraft types and routes."""
