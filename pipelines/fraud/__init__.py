"""Fraud: domain events become signals, scores per entity, and alerts."""
