"""What may be changed while the programs run: settings with a date from which they hold, and flags."""
