"""Touches the wire: ARP and NDP frames, the sockets they cross, and the pace at which they leave."""
