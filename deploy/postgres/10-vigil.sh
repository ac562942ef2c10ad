#!/bin/sh
# Runs once, when the volume is empty: makes a role that owns its database and nothing else. The
# superuser loses his password, so that he comes in by the socket of this container alone.
set -eu
psql --set ON_ERROR_STOP=1 --quiet --username postgres --dbname postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE vigil LOGIN PASSWORD :'password';
CREATE DATABASE vigil OWNER vigil;
REVOKE ALL ON DATABASE vigil FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
SQL
