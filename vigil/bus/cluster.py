"""A cluster of Redis, of which a server may hang: it takes what it is sent, and never answers.

Who was not answered in time waited once. From then on nobody waits for that server: a thread asks
it now and then, and until it answers whatever is for it fails at once.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import redis
import structlog
from redis.cluster import ClusterNode, RedisCluster, get_node_name
from redis.commands.core import Script
from redis.exceptions import BusyLoadingError, NoScriptError, RedisClusterException
from redis.typing import ScriptTextT
from typing_extensions import override

from vigil.clock import SystemClock

log = structlog.get_logger(__name__)

#: A server that did not answer is asked again so much later.
ASK_AGAIN_S = 1.0
#: Questions that wait for an answer at once; threads are started as they are needed.
_QUESTIONS = 32

#: What is true of one server, or of the slots it has, and need not be of the others.
_OF_ONE_SERVER = (*RedisCluster.ERRORS_ALLOW_RETRY, BusyLoadingError)

#: A command and what it is about: its name, one key, and the rest.
Command = tuple[str | int, ...]


class ServerAway(redis.RedisError):
    """One server of a cluster did not do what it was asked; the others may."""


class Cluster(RedisCluster):
    """A client of a cluster. It waits ``timeout_s`` for a server that hangs, and then no more."""

    def __init__(self, *, socket_timeout: float, **options: Any) -> None:
        self.timeout_s = socket_timeout
        self._clock = SystemClock()
        self._lock_away = threading.Lock()
        #: Servers that hang, and when each is asked again.
        self._away: dict[str, float] = {}
        self._threads = ThreadPoolExecutor(_QUESTIONS, thread_name_prefix="cluster")
        super().__init__(socket_timeout=socket_timeout, **options)

    def in_thread(self, question: Callable[[], Any]) -> "Future[Any]":
        """Run a question to one of the servers, so that another is asked meanwhile."""
        return self._threads.submit(question)

    def ask(self, server: str, commands: Sequence[Command]) -> list[Any]:
        """Return a server's answers to commands about keys that it has, in one round trip.

        Raises:
            ServerAway: It did not answer. Other errors are redis-py's.
        """
        self._refuse_if_away(server)
        with self._naming_one_server():
            node = self.nodes_manager.get_node(node_name=server)
            if node is None:
                raise ServerAway(f"{server} is no longer of the cluster")
            try:
                client = self.get_redis_connection(node)
                with client.pipeline(transaction=False) as pipeline:
                    for command in commands:
                        pipeline.execute_command(*command)
                    answers = pipeline.execute(raise_on_error=False)
            except redis.TimeoutError:
                self._note_away(server)
                raise
            except redis.ConnectionError as error:
                if type(error) is not redis.ConnectionError:
                    raise
                answers = [error] * len(commands)
        return [
            # Its slot has moved, or its server has ended and another has its slots. By itself it
            # finds the way, or says what is wrong.
            self.execute_command(*command) if isinstance(answer, redis.RedisError) else answer
            for command, answer in zip(commands, answers, strict=True)
        ]

    @override
    def register_script(self, script: ScriptTextT) -> Script:
        return _ScriptOfOneServer(self, script)

    @override
    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        with self._naming_one_server():
            return super().execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]

    @override
    def _execute_command(self, target_node: ClusterNode, *args: Any, **kwargs: Any) -> Any:
        """Ask one server: where redis-py has found out which, and before it tries another time."""
        self._refuse_if_away(target_node.name)
        try:
            return super()._execute_command(  # type: ignore[no-untyped-call]
                target_node, *args, **kwargs
            )
        except redis.TimeoutError as error:
            # It may have been sent on to another than it was for.
            at = getattr(error, "connection", target_node)
            self._note_away(get_node_name(at.host, at.port))
            raise

    @override
    def close(self) -> None:
        self._threads.shutdown(wait=False)
        # redis-py closes no pool that it was given, and it gives one to each node.
        self.disconnect_connection_pools()  # type: ignore[no-untyped-call]
        super().close()

    def _note_away(self, server: str) -> None:
        """Have nobody wait for a server until it has answered."""
        with self._lock_away:
            if server not in self._away:
                log.warning("server_hangs", server=server, waited_s=self.timeout_s)
                self._away[server] = self._clock.monotonic_s() + ASK_AGAIN_S

    def _refuse_if_away(self, server: str) -> None:
        with self._lock_away:
            due_s = self._away.get(server)
            if due_s is None:
                return
            now_s = self._clock.monotonic_s()
            if now_s >= due_s:
                self._away[server] = now_s + self.timeout_s + ASK_AGAIN_S
                self._threads.submit(self._try_again, server)
        raise ServerAway(f"{server} did not answer a moment ago")

    def _try_again(self, server: str) -> None:
        """Ask a server that hung. In vain, ask the others who has its slots by now."""
        node = self.nodes_manager.get_node(node_name=server)
        try:
            if node is not None:
                self.get_redis_connection(node).ping()
        except redis.TimeoutError:
            # All of them may hang.
            with suppress(redis.RedisError, RedisClusterException, OSError):
                self.nodes_manager.initialize(last_failed_node_name=server)
            return
        except (redis.RedisError, OSError) as error:
            # It does not hang: who asks it is told so at once.
            log.info("server_refuses", server=server, reason=str(error))
        with self._lock_away:
            self._away.pop(server, None)
        log.info("server_answers", server=server)

    @contextmanager
    def _naming_one_server(self) -> Iterator[None]:
        try:
            yield
        except _OF_ONE_SERVER as error:
            # Their subclasses say something else: that we may not log in, for one.
            if type(error) not in _OF_ONE_SERVER:
                raise
            raise ServerAway(str(error)) from error


class _ScriptOfOneServer(Script):
    """A script that is taught to the server that does not know it, and not to all at once."""

    @override
    def __call__(
        self, keys: Sequence[Any] | None = None, args: Any = None, client: Any = None
    ) -> Any:
        about = [*(keys or ()), *(args or ())]
        try:
            return self.registered_client.evalsha(self.sha, len(keys or ()), *about)
        except NoScriptError:
            command = ("EVAL", self.script, len(keys or ()), *about)
            return self.registered_client.execute_command(  # type: ignore[no-untyped-call]
                *command
            )
