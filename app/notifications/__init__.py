"""Mail that is due: claimed, sent, and sent again under the same id after a crash."""
