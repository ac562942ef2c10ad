"""How cameras, and this process, are."""
