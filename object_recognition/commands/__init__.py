"""What an operator types: ``vigil models``."""
