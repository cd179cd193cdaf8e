"""What an operator can see of a running daemon: logs, and what happened lately."""
