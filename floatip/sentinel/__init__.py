"""The sentinel: a tiny process that outlives its daemon by seconds, and sees to the addresses that it left.

Knows: the standard library, and what the daemon entrusted to it. Never: anything else of floatip, or of the outside:
it must start in milliseconds, be small, and work when all that the daemon was built of does not. It never adds or
renews an address, and it ends by itself.
"""
