-- Reads the whole table, and nobody waits for it. The next script need not read it under its lock.
alter table events validate constraint events_bound;
