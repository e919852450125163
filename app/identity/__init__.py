"""Who customers are, how they log in, and how long they stay so."""
