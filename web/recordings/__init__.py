"""The archive: which footage there is, what is missing, and the files."""
