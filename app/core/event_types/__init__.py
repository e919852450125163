"""The domain events, one module for each domain that writes them. A new one is a class here."""
