"""What happens to many at once: here, the test clock that plays the past forward."""
