"""Jobs: long work on footage, each in a process that may be killed."""
