"""The pages that need no build: first page, log-in, rectangles, API."""
