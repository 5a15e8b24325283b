"""An OAuth 2.1 authorization server: authorization code with PKCE, rotating refresh tokens, revocation."""
