"""The newest picture of each camera, and the bell that says there is a newer one."""
