"""Putting travellers on other flights, or giving them their money, when theirs does not go: at no cost."""
