"""Where an account's notifications go: LINE, e-mail."""
