"""Small pictures of moments: one keyframe is read and decoded for each, in a process of its own."""
