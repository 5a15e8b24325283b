"""Deliveries: where events go, how often that is tried, and what became of it."""
