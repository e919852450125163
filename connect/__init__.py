"""Kafka Connect: the connector, its registration and its watchdog."""
