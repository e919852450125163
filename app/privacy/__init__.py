"""Privacy: what we know of a person, given to them or destroyed; and how long anything is kept."""
