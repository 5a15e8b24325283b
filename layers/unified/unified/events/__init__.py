"""Events: what has changed in connected accounts, kept to be delivered, listed and delivered again."""
