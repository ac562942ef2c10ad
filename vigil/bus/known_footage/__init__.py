"""What web answers to recorders that check their volumes, on the queue Redis."""
