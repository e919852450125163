"""What a cabin may sell: authorised seats and booking limits, versioned, with their history."""
