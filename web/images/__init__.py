"""Pictures that the system saved."""
