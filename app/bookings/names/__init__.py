"""Correcting a name: a slip of the pen, never another person."""
