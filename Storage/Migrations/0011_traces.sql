-- The trace of the swipe, where one was made: 32 hex digits in half their length. Sought by nobody, so without an index.
alter table attempts add column trace_id uuid;
