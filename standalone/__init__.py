"""Everything on one machine by one command, with embedded servers and a demo camera."""
