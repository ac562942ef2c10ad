"""Footage: packets from the bus into files, without decoding; what is missing is told."""
