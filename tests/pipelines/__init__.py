"""Tests of the dataflows: pure parts, flows on lists, and the edges on a real Postgres and Kafka."""
