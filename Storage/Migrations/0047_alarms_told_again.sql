-- When an alarm was told last: some kinds are told again each day. Null: nobody was told of it, or a silo of an earlier version told it when it was raised.
alter table alarms add column told_at timestamptz;
