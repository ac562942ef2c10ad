"""Where footage lies: volumes, the files in them, and how far each camera's is safe."""
