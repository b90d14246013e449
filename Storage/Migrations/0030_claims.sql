-- Claims of shoppers about escrow bills.
create table claims (
  id               bigint primary key,
  bill             bigint not null,
  merchant_id      text collate "C" not null,
  -- The first to the fifth of its bill; there are no more.
  place            smallint not null check (place between 1 and 5),
  kind             text collate "C" not null check (kind in ('not_received', 'not_as_described', 'return')),
  state            text collate "C" not null
    check (state in ('ASKED', 'AGREED', 'RETURNING', 'BACK', 'REFUSED', 'JUDGING', 'JUDGED', 'WITHDRAWN')),
  amount           bigint not null check (amount > 0),
  currency         text not null,
  is_after_sale    boolean not null,
  offer            bigint check (offer > 0 and offer < amount),
  granted          bigint check (granted >= 0 and granted <= amount),
  -- Of the merchant's money, while the claim is open.
  frozen           bigint not null default 0 check (frozen >= 0),
  reason           text not null,
  answer           text,
  appeal           text,
  ruling           text,
  carrier          text,
  tracking_number  text,
  -- The refunds that it has made.
  refund           bigint,
  compensation     bigint,
  since            timestamptz not null,
  due_at           timestamptz,
  opened_at        timestamptz not null,
  moves            int not null default 0,
  unique (bill, place),
  check ((due_at is null) = (state in ('AGREED', 'JUDGING', 'JUDGED', 'WITHDRAWN'))),
  check ((granted is null) = (state not in ('AGREED', 'JUDGED'))),
  check (frozen = 0 or (is_after_sale and state not in ('AGREED', 'JUDGED', 'WITHDRAWN'))),
  check (compensation is null or (is_after_sale and state = 'JUDGED')),
  check (refund is null or state in ('AGREED', 'JUDGED')),
  check ((carrier is null) = (tracking_number is null)),
  check (state <> 'BACK' or carrier is not null)
);
create unique index claims_one_open on claims (bill) where state not in ('AGREED', 'JUDGED', 'WITHDRAWN');
create index claims_merchant on claims (merchant_id, id);
create index claims_due on claims (due_at) where due_at is not null;
create index claims_open on claims (merchant_id, state, id) where state not in ('AGREED', 'JUDGED', 'WITHDRAWN');
create index claims_judging on claims (since) where state = 'JUDGING';

-- A ruling is proposed by one operator and approved by another one. It moves money only when it is approved.
create table rulings (
  claim           bigint not null references claims,
  place           smallint not null,
  to_shopper      bigint not null check (to_shopper >= 0),
  to_merchant     bigint not null check (to_merchant >= 0),
  from_guarantee  bigint not null check (from_guarantee >= 0),
  text            text not null,
  made_by         text not null,
  made_at         timestamptz not null,
  approved_by     text,
  approved_at     timestamptz,
  dropped_by      text,
  dropped_at      timestamptz,
  primary key (claim, place),
  constraint rulings_two_people check (approved_by <> made_by),
  check ((approved_by is null) = (approved_at is null)),
  check ((dropped_by is null) = (dropped_at is null)),
  check (approved_by is null or dropped_by is null)
);
create unique index rulings_one_waits on rulings (claim) where approved_by is null and dropped_by is null;
create unique index rulings_one_approved on rulings (claim) where approved_by is not null;

-- What a merchant owes, because the guarantee fund has paid a refund for it.
create table debts (
  refund       bigint primary key,
  claim        bigint not null references claims,
  merchant_id  text collate "C" not null,
  amount       bigint not null check (amount > 0),
  currency     text not null,
  created_at   timestamptz not null
);
create index debts_merchant on debts (merchant_id);

-- Own money of the platform for the guarantee fund: one asks for it, another one approves it.
create table guarantee_payments (
  number       bigint primary key,
  amount       bigint not null check (amount > 0),
  currency     text not null,
  reason       text not null,
  made_by      text not null,
  made_at      timestamptz not null,
  approved_by  text,
  approved_at  timestamptz,
  constraint guarantee_payments_two_people check (approved_by <> made_by),
  check ((approved_by is null) = (approved_at is null))
);

-- Pictures and documents of both sides. The type is what the bytes are.
create table evidence (
  claim     bigint not null references claims,
  side      text collate "C" not null check (side in ('shopper', 'merchant')),
  place     smallint not null check (place between 1 and 5),
  type      text collate "C" not null check (type in ('image/png', 'image/jpeg', 'image/webp', 'application/pdf')),
  bytes     bytea not null check (octet_length(bytes) between 1 and 2097152),
  sha256    bytea not null check (sha256 = sha256(bytes)),
  added_at  timestamptz not null,
  primary key (claim, side, place),
  unique (claim, side, sha256)
);
-- They are compressed already.
alter table evidence alter column bytes set storage external;
