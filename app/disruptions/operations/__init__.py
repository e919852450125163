"""What operations does to flights: makes them, moves them from state to state, and takes them apart."""
