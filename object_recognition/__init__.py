"""Frames in; boxed images, detections and tracks out."""
