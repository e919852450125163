"""Who paid, for an export, and forgetting it."""
