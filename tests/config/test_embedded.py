"""The servers that Recourse runs itself: started, killed, and gone with their owner."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import processes
from config.embedded import Postgres, database_url, socket_directory
from config.valkey import Valkey, broker_url, cache_url
from tests.config.processes import gone, wait_until


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    with Postgres(tmp_path / "postgres", durable=True) as server:
        yield server


def connect(server: Postgres) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(database_url(server.directory), autocommit=True)


def value(server: Postgres, query: str) -> object:
    with connect(server) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row
    return row[0]


def test_database_is_ready_in_utc_and_utf8_and_listens_on_no_network(postgres: Postgres) -> None:
    assert value(postgres, "SELECT current_database()::text") == "recourse"
    assert value(postgres, "SELECT current_setting('timezone')") in {"UTC", "GMT"}
    assert value(postgres, "SELECT lower('ÉÄΣ')") == "éäσ"
    assert value(postgres, "SELECT current_setting('listen_addresses')") == ""
    assert value(postgres, "SELECT current_setting('fsync')") == "on"


def test_only_the_owner_may_enter(postgres: Postgres) -> None:
    for directory in (postgres.directory, socket_directory(postgres.directory, ".s.PGSQL.5432")):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_long_and_odd_paths_have_a_short_socket(tmp_path: Path) -> None:
    directory = tmp_path / ("a long näme " * 9)
    with Postgres(directory, durable=False) as server:
        assert value(server, "SELECT current_setting('fsync')") == "off"
    with Valkey(directory), redis.Redis.from_url(cache_url(directory)) as client:
        assert client.ping()


def test_data_survives_a_stop_and_a_kill(postgres: Postgres) -> None:
    with connect(postgres) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    postgres.stop()
    postgres.start()
    with connect(postgres) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
    assert postgres.process
    postgres.process.kill()
    wait_until(lambda: not postgres.running())
    postgres.start()

    assert value(postgres, "SELECT count(*) FROM kept") == 2


def test_start_waits_for_the_children_of_a_killed_server(postgres: Postgres) -> None:
    """With a child that goes on for a while, the lock file is refused at first."""
    with connect(postgres) as connection:
        child = connection.info.backend_pid
        os.kill(child, signal.SIGSTOP)
        assert postgres.process
        postgres.process.kill()
        postgres.process.wait()
        with subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {child}"]):
            postgres.start()
        assert value(postgres, "SELECT 1") == 1


def test_errors_of_statements_stay_out_of_its_log(postgres: Postgres) -> None:
    with connect(postgres) as connection, pytest.raises(psycopg.Error):
        connection.execute("SELECT 'words of a transcript'::int")

    assert "words of a transcript" not in (postgres.directory / "postgres.log").read_text()


def test_start_says_why_it_cannot(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(
        SystemExit, match=r"was made by PostgreSQL 9, this one is \d+: install that"
    ):
        postgres.start()


def test_valkey_keeps_what_was_queued(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        with redis.Redis.from_url(cache_url(tmp_path)) as client:
            client.set("kept", "1")
        assert server.process
        server.process.kill()
        wait_until(lambda: not server.running())
        server.start()
        with redis.Redis.from_url(cache_url(tmp_path)) as client:
            assert client.get("kept") == b"1"
    assert broker_url(tmp_path).startswith("redis+socket:///")


OWNER = """
import sys, time
from pathlib import Path
from config.embedded import Postgres
from config.valkey import Valkey

directory = Path(sys.argv[1])
with Postgres(directory / "database", durable=False) as one, Valkey(directory / "queue") as two:
    print(one.process.pid, two.process.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_servers_do_not_outlive_their_owner(tmp_path: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 2
        assert not any(gone(pid) for pid in pids)

        owner.send_signal(ending)

        wait_until(lambda: all(gone(pid) for pid in pids))


def test_lock_has_one_holder(tmp_path: Path) -> None:
    first = processes.lock(tmp_path / "lock")
    assert first is not None
    assert processes.lock(tmp_path / "lock") is None
    os.close(first)
    again = processes.lock(tmp_path / "lock")
    assert again is not None
    os.close(again)
