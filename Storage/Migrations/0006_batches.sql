-- What terminal and server each had approved when the terminal closed a batch. The first row of a batch stands.
create table batches (
  terminal_id       text collate "C" not null,
  batch             int not null,
  closed_at         timestamptz not null default clock_timestamp(),
  terminal_count    int not null,
  terminal_amount   bigint not null,
  count             int not null,
  amount            bigint not null,
  primary key (terminal_id, batch)
);
create index batches_closed on batches using brin (closed_at);
