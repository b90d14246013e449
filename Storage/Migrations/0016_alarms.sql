-- Who has seen an alarm; and silences: the alarm stays raised and is told to nobody until the silence ends.
alter table alarms add column acknowledged_by text;
alter table alarms add column acknowledged_at timestamptz;
-- False: it was raised during a silence, and is told when that is over and it is still raised.
alter table alarms add column is_told boolean not null default true;

create table alarm_silences (
  kind        text collate "C" not null,
  subject     text collate "C" not null,
  who         text not null,
  reason      text not null,
  created_at  timestamptz not null default clock_timestamp(),
  until       timestamptz not null,
  primary key (kind, subject)
);
