"""Names that must agree from one end of the house to the other."""
