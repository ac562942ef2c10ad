"""What an account was told."""
