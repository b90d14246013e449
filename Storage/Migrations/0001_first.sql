-- The books of Lakala. Amounts are minor units. CHECK constraints mirror the state machines in Bills. Names that stand in
-- indexes are compared byte by byte (collate "C"): no language's order is wanted of them, and it costs.

create table merchants (
  id                text collate "C" primary key,
  name              text not null,
  fee_basis_points  int not null check (fee_basis_points between 0 and 10000),
  created_at        timestamptz not null default now()
);

create table api_keys (
  prefix       text collate "C" primary key,
  merchant_id  text collate "C" not null references merchants,
  secret_hash  bytea not null,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz
);

create table stores (
  id                  text collate "C" primary key check (length(id) = 15),
  name                text not null,
  commission_percent  int not null check (commission_percent between 0 and 100)
);

-- Keys are wrapped under the key-encryption key. The pending key set becomes the current one with the first message
-- that is authenticated under it, so that a replayed sign-on evicts nobody.
create table terminals (
  id               text collate "C" primary key check (length(id) = 8),
  store_id         text collate "C" not null references stores,
  blocked          boolean not null default false,
  master_key       bytea not null,
  key_set          int not null default 0,
  pin_key          bytea,
  mac_key          bytea,
  next_key_set     int,
  next_pin_key     bytea,
  next_mac_key     bytea,
  language         text not null default 'en' check (language in ('en', 'zh')),
  signed_on_at     timestamptz
);

create table bills (
  number         bigint primary key,
  merchant_id    text collate "C" not null references merchants,
  order_id       text collate "C" not null,
  amount         bigint not null check (amount between 1 and 999999999999),
  currency       text not null,
  description    text not null,
  state          text not null check (state in ('OPEN', 'PAYING', 'PAID', 'EXPIRED', 'CANCELLED')),
  expires_at     timestamptz not null,
  held_until     timestamptz,
  holds          smallint not null default 0 check (holds between 0 and 2),
  page_token     text not null,
  shopper_name   text,
  shopper_email  text,
  metadata       text,
  created_at     timestamptz not null,
  paid_rrn       bigint,
  closed_at      timestamptz,
  live           boolean not null default true,
  watched        boolean not null default true,
  check (live = (state in ('OPEN', 'PAYING', 'PAID'))),
  check ((state = 'PAID') = (paid_rrn is not null))
) with (fillfactor = 60);

-- No index reads the state itself: so the two updates of a swipe stay within the row's page (HOT).
-- At most one bill of an order can be, or become, paid.
create unique index bills_live_order on bills (merchant_id, order_id) where live;
create index bills_order on bills (merchant_id, order_id, created_at);
-- Watched until the sweeper has seen the bill after its time: what is still open then expires.
create index bills_due on bills (expires_at) where watched;

-- Retrieval reference numbers are handed out in blocks of 10,000, twelve digits in all.
create sequence rrn_blocks as bigint maxvalue 99999999;

-- What stands under each key. The key is the primary key: the first row under it decides. A row moves only while the
-- lock of its bill is held; VOID and REFUSED rows never move.
create table attempts (
  terminal_id          text collate "C" not null,
  batch                int not null,
  stan                 int not null,
  id                   uuid not null,
  state                text not null check (state in
                       ('SENT', 'APPROVED', 'DECLINED', 'NOT_SENT', 'REVERSING', 'REVERSED', 'VOID', 'REFUSED')),
  bill                 bigint,
  amount               bigint,
  currency             text,
  masked_pan           text,
  store_id             text collate "C",
  rrn                  bigint,
  fee_basis_points     int,
  commission_percent   int,
  started_at           timestamptz not null default clock_timestamp(),
  deadline             timestamptz,
  settled_at           timestamptz,
  response_code        text,
  reason               smallint,
  authorisation_code   text,
  primary key (terminal_id, batch, stan),
  check (state in ('VOID', 'REFUSED') or (rrn is not null and bill is not null and amount is not null and deadline is not null)),
  check (state <> 'APPROVED' or (authorisation_code is not null and settled_at is not null)),
  check (state not in ('APPROVED', 'DECLINED', 'NOT_SENT', 'REFUSED') or response_code is not null)
) with (fillfactor = 60);

create unique index attempts_rrn on attempts (rrn) where rrn is not null;
create unique index attempts_one_sent on attempts (bill) where state = 'SENT';

-- Insert-only. The key makes a second posting of the same line impossible, whoever tries.
create table postings (
  rrn            bigint not null,
  line           smallint not null,
  account        text not null,
  amount         bigint not null check (amount <> 0),
  currency       text not null,
  business_date  date not null,
  primary key (rrn, line)
);
create index postings_date on postings using brin (business_date);

-- A reversal is never given up: it leaves this queue only when the bank has acknowledged it.
create table reversals (
  rrn              bigint primary key,
  terminal_id      text collate "C" not null,
  stan             int not null,
  store_id         text collate "C" not null,
  amount           bigint not null,
  currency         text not null,
  started_at       timestamptz not null,
  created_at       timestamptz not null default clock_timestamp(),
  tries            int not null default 0,
  due_at           timestamptz not null default clock_timestamp(),
  acknowledged_at  timestamptz
);
create index reversals_due on reversals (due_at) where acknowledged_at is null;

-- Answers that came when nobody waited for them any more. Insert-only.
create table late_answers (
  id                  bigint generated always as identity primary key,
  rrn                 bigint not null,
  response_code       text not null,
  authorisation_code  text,
  received_at         timestamptz not null default clock_timestamp()
);

create table webhook_endpoints (
  id                   text collate "C" primary key,
  merchant_id          text collate "C" not null references merchants,
  url                  text not null,
  secret               bytea not null,
  previous_secret      bytea,
  previous_expires_at  timestamptz,
  created_at           timestamptz not null default now(),
  deleted_at           timestamptz
);
create index webhook_endpoints_merchant on webhook_endpoints (merchant_id) where deleted_at is null;

-- Insert-only facts; the id is a version 7 UUID, so that the primary key also lists a merchant's events in order.
create table events (
  merchant_id  text collate "C" not null,
  id           uuid not null,
  type         text not null,
  bill         bigint,
  created_at   timestamptz not null,
  data         text not null,
  primary key (merchant_id, id)
);

create table deliveries (
  event_id      uuid not null,
  endpoint_id   text collate "C" not null,
  merchant_id   text collate "C" not null,
  state         text not null default 'PENDING' check (state in ('PENDING', 'ACCEPTED', 'PARKED')),
  tries         int not null default 0,
  due_at        timestamptz not null,
  last_status   int,
  last_error    text,
  finished_at   timestamptz,
  primary key (event_id, endpoint_id)
) with (fillfactor = 70);
create index deliveries_due on deliveries (due_at) where state = 'PENDING';
create index deliveries_parked on deliveries (merchant_id, event_id) where state = 'PARKED';

create table idempotency_keys (
  merchant_id    text collate "C" not null,
  key            text not null,
  request_hash   bytea not null,
  status         int not null,
  response       text not null,
  created_at     timestamptz not null default now(),
  primary key (merchant_id, key)
);
create index idempotency_keys_age on idempotency_keys using brin (created_at);
