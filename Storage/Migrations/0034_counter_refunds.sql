-- Refunds at the counter. What a key of a refund stands for: the refund that was made under it, or why none was and never will be.
create table refund_keys (
  terminal_id  text collate "C" not null,
  batch        int not null,
  stan         int not null,
  at           timestamptz not null default clock_timestamp(),
  bill         bigint,
  amount       bigint,
  masked_pan   text,
  clerk        text,
  supervisor   text,
  -- The refund's RRN, and whether it waited for its merchant's money when it was made: a repeat gets the same answer.
  refund       bigint,
  is_waiting   boolean not null default false,
  reason       smallint,
  primary key (terminal_id, batch, stan),
  check ((refund is null) <> (reason is null)),
  check (refund is null or (bill is not null and amount is not null and masked_pan is not null)),
  -- Two people.
  check (refund is null or (clerk is not null and supervisor is not null and clerk <> supervisor))
);
create unique index refund_keys_refund on refund_keys (refund) where refund is not null;

-- The store whose counter asked for it; null: the merchant did, or nobody but the time.
alter table refunds add column store_id text collate "C";

-- Refunds are a total of their own in a batch.
alter table batches add column terminal_refunds int not null default 0, add column terminal_refunded bigint not null default 0,
  add column refunds int not null default 0, add column refunded bigint not null default 0;
