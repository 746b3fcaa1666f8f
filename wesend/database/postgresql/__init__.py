"""PostgreSQL as the engine, by psycopg. Imported only where the settings name it."""
