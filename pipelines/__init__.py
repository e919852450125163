"""The four dataflows between Kafka and what readers see."""
