"""Who looks at which camera, and why."""
