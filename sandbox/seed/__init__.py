"""The organisation every sandbox starts with, computed from a seed."""
