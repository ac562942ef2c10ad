"""The single machine: its servers, its processes, its one command."""
