"""How many flights a search looks at: the statements and the departures in memory alike."""

# More flights than any airport sends out in a day; past it a search looks at the earliest.
FLIGHTS_EXAMINED = 2000
# The flights to an airport are those of four days.
INWARD_EXAMINED = 2 * FLIGHTS_EXAMINED
# The hubs with the most flights; with two changes the pairs of them are looked at.
HUBS_EXAMINED = 20
BETWEEN_EXAMINED = 4 * FLIGHTS_EXAMINED
# For each flight out the connections that arrive first: a later one is the next flight's to offer.
ONWARD_EXAMINED = 3

# What one answer has room for, of each number of stops.
MAX_DIRECT = 50
MAX_CONNECTIONS = 30
# The statement knows the shortest change there is; what an airport's own rule then refuses is made up for.
FOUND_FOR_EACH_WANTED = 3
