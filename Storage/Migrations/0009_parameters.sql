-- What the network tells its terminals: the newest row of the terminal's store, or the newest of those for all stores.
create table terminal_parameters (
  version     int generated always as identity primary key,
  store_id    text collate "C" references stores,
  body        jsonb not null check (jsonb_typeof(body) = 'object' and octet_length(body::text) <= 640),
  created_at  timestamptz not null default clock_timestamp()
);
create index terminal_parameters_store on terminal_parameters (store_id, version);
