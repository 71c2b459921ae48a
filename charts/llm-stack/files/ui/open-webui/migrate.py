"""Brings Open WebUI's database up to date, one pod at a time. Run in its own image, before it starts.

It would do so itself when it starts, and nothing would keep two pods from doing it at once, which ends one of them (as
seen with 0.12.4: its tables, its first settings, and those of pgvector). Here the first takes a lock of PostgreSQL, and
the others wait for it and find nothing left to do. The lock goes when the connection does: a dead pod cannot keep it.
It is one of a transaction, since poolers of connections take others away.
"""

import asyncio

from open_webui import config
from open_webui.internal.db import engine
from sqlalchemy import text

# Any number that nobody else takes in this database.
LOCK = 0x6C6C6D7765627569

with engine.begin() as connection:
    print("migrate: waiting for the lock", flush=True)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    config.run_migrations()
    asyncio.run(config.seed_registered_defaults())
    if config.VECTOR_DB == "pgvector":
        # Makes its extension and its tables when it is loaded.
        import open_webui.retrieval.vector.factory  # noqa: F401
    print("migrate: the database is up to date", flush=True)
