"""The sandbox payment gateway, run as the process it is."""
