"""Who is connected, with what: connections, their sealed credentials, sessions, OAuth and the refresh lease."""
