"""The whole line: real servers, real processes, cameras, and a client that speaks HTTP alone."""
