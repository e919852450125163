"""What the live signals say of the entities behind a payment, and what follows from it."""
