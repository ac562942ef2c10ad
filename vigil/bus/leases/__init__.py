"""Expiring, fenced leases: who writes for a camera."""
