"""Tests that read as promises."""
