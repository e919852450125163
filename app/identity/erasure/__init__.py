"""What identity knows of a person: given out, and destroyed; and sweeping what is over."""
