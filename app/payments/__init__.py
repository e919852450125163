"""Money: attempts to pay, refunds, and the journal in which every movement has two sides."""
