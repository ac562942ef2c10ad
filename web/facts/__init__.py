"""The writer: files durable facts into PostgreSQL, and sets aside what can never be filed."""
