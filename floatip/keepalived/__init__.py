"""Reads keepalived's configuration and writes floatip's. Knows: both files. Never: a daemon of either."""
