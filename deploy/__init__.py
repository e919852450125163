"""The composition root: the command, the local stack, the tour and the benches."""
