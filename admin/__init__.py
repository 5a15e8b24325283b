"""The admin command: projects, keys, OAuth clients and the vault of a deployed stack, or of the local one."""
