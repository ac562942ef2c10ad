"""Who did what, on which object, from where, and when. Written once, never changed."""
