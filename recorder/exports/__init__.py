"""Exports: clips for people, made of segments that lie on a volume."""
