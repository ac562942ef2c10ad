"""What the newest annotated picture of a camera shows."""
