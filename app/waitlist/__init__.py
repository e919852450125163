"""The waitlist: seats that come free are offered to those who wait, by priority, then time."""
