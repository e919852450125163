"""What can keep the stack from doing as told: one sentence each, for a person."""


class StackError(RuntimeError):
    """What, why, and what to do about it. The command prints it and ends with 1."""


class WheelMissing(StackError):
    """A program that comes in a Python package is not there."""
