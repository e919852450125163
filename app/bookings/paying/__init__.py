"""After the first attempt: finishing it, giving it up, paying back, and travel credit."""
