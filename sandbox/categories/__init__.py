"""The endpoints, one module per category; each module is found and imported by `sandbox.endpoints`."""
