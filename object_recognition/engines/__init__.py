"""Detectors in model files: what is common to all of them, and the runtimes that execute one."""
