"""The timetable: which flight numbers fly when, how it travels between airlines, and its dated flights."""
