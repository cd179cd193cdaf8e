"""Ethernet addresses in frames.

Knows: MACs as text and as the six bytes on the wire. Never: what stands behind them in a frame.
"""


def packed(mac: str) -> bytes:
    """Give the six bytes of a MAC written with colons; ValueError if it is none."""
    raw = bytes.fromhex(mac.replace(":", ""))
    if len(raw) != 6:
        raise ValueError(f"{mac!r} is no MAC address: it has {len(raw)} bytes, and a MAC has 6")
    return raw


def is_host(mac: bytes) -> bool:
    """Tell whether a MAC may belong to one host: neither a group's nor empty."""
    return not mac[0] & 1 and any(mac)
