-- How each terminal was when it last said so, and what it said before: a row whenever something changes that somebody could act
-- on, and now and then.
create table terminal_health (
  terminal_id  text collate "C" primary key,
  at           timestamptz not null,
  in_order     boolean not null,
  report       jsonb not null
) with (fillfactor = 70);

create table terminal_health_history (
  terminal_id  text collate "C" not null,
  at           timestamptz not null,
  report       jsonb not null
);
create index terminal_health_history_terminal on terminal_health_history (terminal_id, at);
create index terminal_health_history_age on terminal_health_history using brin (at);
