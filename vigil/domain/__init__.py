"""What Vigil is about, as values and pure functions. Nothing in here does I/O."""
