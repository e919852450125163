"""Groups: a quote by an agent, a block of seats held for a deposit, names later, the rest given back."""
