"""The servers that other tests stand on are what they say."""

import psycopg2
import redis
from redis.cluster import RedisCluster

from standalone.servers.valkey import EmbeddedValkey
from tests.servers import ValkeyCluster


def test_valkey_is_empty_in_the_first_test(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.dbsize() == 0
        client.set("left_behind", "1")


def test_valkey_is_empty_again_in_the_next(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.dbsize() == 0


def test_cluster_keeps_keys_on_all_three_nodes(valkey_cluster: ValkeyCluster) -> None:
    with RedisCluster.from_url(valkey_cluster.url) as client:
        for number in range(100):
            client.set(f"key_{number}", number)
        assert [client.get(f"key_{number}") for number in (0, 99)] == [b"0", b"99"]
        # Its own close leaves the sockets open.
        client.disconnect_connection_pools()

    for node in valkey_cluster.nodes:
        with redis.Redis.from_url(node.url) as alone:
            assert alone.dbsize() > 10


def test_postgres_gives_an_empty_database_to_the_first_test(postgres: str) -> None:
    assert _rows_after_one_insert(postgres) == 1


def test_postgres_gives_an_empty_database_to_the_next(postgres: str) -> None:
    assert _rows_after_one_insert(postgres) == 1


def _rows_after_one_insert(url: str) -> int:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS visits (number int)")
            cursor.execute("INSERT INTO visits VALUES (1)")
            cursor.execute("SELECT count(*) FROM visits")
            (count,) = cursor.fetchone() or (0,)
            return int(count)
    finally:
        connection.close()
