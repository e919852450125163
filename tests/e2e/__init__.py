"""One journey through every real part."""
