"""Webhooks from connected accounts: the address and secret of each connection, the way in, and the settings there."""
