"""The page on which a customer connects its account: whose link it is, what it shows, what comes of it. No HTTP."""
