"""Which detection is which object over frames, for one camera. Pure: no I/O, no clock."""
