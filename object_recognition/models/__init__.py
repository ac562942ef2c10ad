"""Model files: where they come from, and the store that holds only whole and checked ones."""
