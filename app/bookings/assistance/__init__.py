"""Special services: what a traveller needs beside a seat, as far as a flight has it."""
