"""Checkpoints of PyTorch (``.pt``): converted once to ONNX, where Ultralytics is installed."""
