"""Which cameras there are and what is wanted of them: from web to every service."""
