"""Durable facts on the queue Redis: services append, web's writer takes."""
