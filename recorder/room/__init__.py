"""Room on a volume: what footage takes, which must go, and how it goes."""
