"""Redis and PostgreSQL on this machine, from wheels, for a start with nothing installed.

valkey     one Valkey (Redis) server in a folder
postgres   one PostgreSQL server in a folder
program    starts, watches and stops a server's process
folder     a folder has one server; what a killed one left behind goes first
tether     the little program that ties a process's life to its parent's
"""
