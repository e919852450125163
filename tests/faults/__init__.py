"""What is killed comes back, and nothing is lost."""
