"""Accounts: making them, logging in, staying logged in, logging out."""
