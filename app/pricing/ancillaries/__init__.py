"""What can be bought beside a seat in a cabin: bags, meals, seats by zone."""
