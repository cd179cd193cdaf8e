"""scapy's names of the world's 40,000 vendors of network cards: 15 MiB, which frames do without."""

from scapy import data


def forget_vendors() -> None:
    """Drop them, and let what is loaded next have their room."""
    data.MANUFDB.d.clear()
