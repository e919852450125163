"""How long a change of flights takes at each airport, as operations states it."""
