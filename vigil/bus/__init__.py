"""What travels over Redis. Each folder is a port: its base, the real adapter, and the twin."""
