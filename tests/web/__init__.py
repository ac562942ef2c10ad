"""The application over a real PostgreSQL and a real Valkey."""
