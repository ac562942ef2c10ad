"""Cameras in; packets, frames and status out."""
