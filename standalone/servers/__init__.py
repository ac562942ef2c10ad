"""Redis and PostgreSQL on this machine, from wheels, for a start with nothing installed.

valkey      one Valkey (Redis) server in a folder
postgres    one PostgreSQL server in a folder
postgres_data  what is in that folder: made, checked, handed over
"""
