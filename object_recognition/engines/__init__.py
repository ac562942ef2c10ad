"""Runtimes that execute a model file. Each engine is a ``Detector``; ONNX Runtime is the first."""
