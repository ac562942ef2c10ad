"""How full the disks of footage are, and how long there is room."""
