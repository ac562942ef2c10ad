"""The short backlog of each camera's encoded packets."""
