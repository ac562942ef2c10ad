"""Who is watched: what somebody looks at is made in full."""
