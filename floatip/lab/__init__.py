"""A cluster in network namespaces on one machine: what `floatip demo`, the tests and the benchmark stand on.

Knows: namespaces, switches, faults, real daemons and brokers, and what a client sees. Never: what a daemon decides.
"""
