"""Vigil in containers, tried on a real engine. ``run.sh`` beside this file brings one up."""
