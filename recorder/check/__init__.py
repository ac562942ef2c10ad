"""The check of a volume: what lies on it, against what web has filed. Recording never waits."""
