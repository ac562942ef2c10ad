"""When a camera's alerts are armed, in the camera's own time zone."""
