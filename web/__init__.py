"""The Flask application: the API, the pages, the live streams."""
