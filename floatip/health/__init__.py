"""Watches services of this host. Knows: how to look once, and when. Never: what follows (that is the core)."""
