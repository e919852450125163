"""Tests of the schedule, the travellers and the tour."""
