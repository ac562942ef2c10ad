#!/usr/bin/env bash
# What we rely on of the entry point of the postgres image, and no more.
set -euo pipefail
if [[ ${1-} == -* ]]; then set -- postgres "$@"; fi
if [[ ! -s $PGDATA/PG_VERSION ]]; then
    user=${POSTGRES_USER:-postgres}
    : "${POSTGRES_PASSWORD:?must be set}"
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA"
    # The image asks for no password on the socket, and for one from anywhere else.
    eval "initdb --username=\"$user\" --pwfile=<(printf '%s\n' \"$POSTGRES_PASSWORD\") \
        ${POSTGRES_INITDB_ARGS-}"
    printf '\nhost all all all %s\n' scram-sha-256 >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    export PGPASSWORD=$POSTGRES_PASSWORD POSTGRES_USER=$user POSTGRES_DB=${POSTGRES_DB:-$user}
    if [[ $POSTGRES_DB != postgres ]]; then
        psql --username "$user" --dbname postgres --command "CREATE DATABASE \"$POSTGRES_DB\""
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) "$script" ;;
            *.sql) psql -v ON_ERROR_STOP=1 --username "$user" --dbname "$POSTGRES_DB" -f "$script" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD
fi
# The image's own sample configuration listens everywhere.
exec "$@" -c listen_addresses='*'
