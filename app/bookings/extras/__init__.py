"""What is bought beside the flight: bags, meals, seats and services."""
