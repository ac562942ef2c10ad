"""Exports: who asked for which footage, how far that is, and the files."""
