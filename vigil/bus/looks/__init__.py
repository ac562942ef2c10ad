"""What a worker was looking at when it died."""
