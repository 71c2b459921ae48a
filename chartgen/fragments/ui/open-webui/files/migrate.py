"""Migrates Open WebUI's database, one pod at a time. Runs in Open WebUI's image before the server starts.

Open WebUI also migrates when it starts, but without a lock. If two pods migrate at the same time, one of them fails
(seen with 0.12.4: tables, first settings, pgvector). Here the first pod takes a lock of PostgreSQL; the others wait
for it and then have nothing to migrate. PostgreSQL releases the lock when the connection ends, so a dead pod cannot
hold it. The lock belongs to a transaction, because connection poolers do not support session locks.
"""

import asyncio

from open_webui import config
from open_webui.internal.db import engine
from sqlalchemy import text

# An arbitrary number that no other program uses in this database.
LOCK = 0x6C6C6D7765627569

with engine.begin() as connection:
    print("migrate: waiting for the lock", flush=True)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    config.run_migrations()
    asyncio.run(config.seed_registered_defaults())
    if config.VECTOR_DB == "pgvector":
        # This import creates pgvector's extension and tables.
        import open_webui.retrieval.vector.factory  # noqa: F401
    print("migrate: the database is up to date", flush=True)
