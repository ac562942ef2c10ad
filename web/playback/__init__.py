"""Footage as one stream that can be sought in, and pictures of its moments."""
