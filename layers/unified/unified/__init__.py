"""The unified API to Ashby, as one Lambda layer. Import a module, not this package: it holds nothing."""
