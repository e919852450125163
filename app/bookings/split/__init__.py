"""A booking split in two: some of its passengers go their own way, with what they have paid for."""
