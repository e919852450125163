"""The events of a customer's bookings, to be read again for thirty days."""
