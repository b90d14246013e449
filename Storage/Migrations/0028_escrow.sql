-- Guaranteed trade. The terms stand on the bill from its creation; a direct bill has none.
alter table bills add column delivery text collate "C", add column ship_within interval, add column confirm_within interval;
alter table bills add constraint bills_escrow
  check ((delivery is null) = (ship_within is null) and (delivery is null) = (confirm_within is null)) not valid;

-- What happens to the money of a paid escrow bill. A row is changed only by the move that was decided on it as it is.
create table trades (
  bill               bigint primary key,
  merchant_id        text collate "C" not null,
  state              text collate "C" not null default 'HELD' check (state in ('HELD', 'SHIPPED', 'CLAIMED', 'FINISHED', 'CLOSED')),
  held               bigint not null check (held >= 0),
  since              timestamptz not null,
  due_at             timestamptz,
  released           bigint not null default 0 check (released >= 0),
  releases           smallint not null default 0 check (releases >= 0),
  is_overdue         boolean not null default false,
  method             text collate "C",
  carrier            text,
  tracking_number    text,
  shipped_at         timestamptz,
  is_corrected       boolean not null default false,
  shopper_extended   smallint check (shopper_extended between 1 and 15),
  merchant_extended  smallint check (merchant_extended between 1 and 15),
  time_left          interval,
  leased_until       timestamptz,
  leases             smallint not null default 0 check (leases between 0 and 2),
  frozen_by          text,
  ended_at           timestamptz,
  moves              int not null default 0,
  check ((state in ('FINISHED', 'CLOSED')) = (held = 0)),
  check ((state in ('FINISHED', 'CLOSED')) = (ended_at is not null)),
  check ((state in ('HELD', 'SHIPPED')) = (due_at is not null)),
  check ((state = 'CLAIMED') = (time_left is not null)),
  check (state not in ('SHIPPED', 'FINISHED') or shipped_at is not null),
  check ((method is null) = (shipped_at is null) and (carrier is null) = (shipped_at is null) and (tracking_number is null) = (shipped_at is null))
) with (fillfactor = 80);

-- What the sweep takes: nothing of a trade that is frozen.
create index trades_due on trades (due_at) where due_at is not null and frozen_by is null;
create index trades_held on trades (merchant_id) include (held) where held > 0;
