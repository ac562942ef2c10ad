"""As few packets as needed, turned into frames."""
