"""Ways to fly a slice: direct, or with one or two changes of planes."""
