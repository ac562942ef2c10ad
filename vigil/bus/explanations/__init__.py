"""Why detections were not shown, for the last minutes."""
