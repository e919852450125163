"""Who did what to which entity, from which request: written once, sealed, and found again."""
