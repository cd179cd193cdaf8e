"""Runs other people's programs. Knows: processes and their limits. Never: what they are run for."""
