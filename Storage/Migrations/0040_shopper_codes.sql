-- The one-time code by which the shopper of a bill shows that the address on the bill is hers, and what it opens. One row for each bill that ever needed one.
create table shopper_codes (
  bill           bigint primary key,
  code_hash      bytea,
  code_until     timestamptz not null,
  wrong          smallint not null default 0 check (wrong >= 0),
  sent           smallint not null default 1 check (sent >= 1),
  sent_at        timestamptz not null default clock_timestamp(),
  day_from       timestamptz not null default clock_timestamp(),
  session_hash   bytea,
  session_until  timestamptz
);
