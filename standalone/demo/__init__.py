"""A demo camera: a street that we paint ourselves, served by a real RTSP server."""
