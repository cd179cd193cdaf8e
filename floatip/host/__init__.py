"""What floatip does to, and learns from, the kernel of this host."""
