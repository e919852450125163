"""Check-in and boarding: from an open coupon to a flown one, or to what else became of it."""
