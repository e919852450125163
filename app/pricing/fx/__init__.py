"""Exchange rates of the European Central Bank, dated, and what they make of an amount."""
