"""What people look for: each search and each look at an offer, for the funnel and look-to-book."""
