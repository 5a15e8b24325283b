"""A faithful fake of Ashby's API with an OAuth 2.1 server: a test kit, never deployed.

Start reading at `sandbox.app`, then any one module of `sandbox.categories`; `docs/sandbox.md` is the guide.
"""
