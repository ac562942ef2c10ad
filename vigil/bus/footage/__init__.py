"""What web and the recorders tell each other of footage, on the queue Redis."""
