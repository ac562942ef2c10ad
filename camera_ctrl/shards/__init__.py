"""The processes that serve some cameras each, and what they and their supervisor say."""
