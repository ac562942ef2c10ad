"""One connection to each camera: demuxed once, its packets put on the bus."""
