-- Money that goes back to the card of a paid bill.

-- All refunds of the bill that were not declined, also those that are still on their way.
alter table bills add column refunded bigint not null default 0;
alter table bills add constraint bills_refunded check (refunded = 0 or (state = 'PAID' and refunded between 1 and amount)) not valid;

-- A refund is named by its RRN for ever, at the bank, in the books and for its merchant, however often it is sent.
create table refunds (
  rrn            bigint primary key,
  bill           bigint not null,
  merchant_id    text collate "C" not null,
  original_rrn   bigint not null,
  amount         bigint not null check (amount > 0),
  currency       text not null,
  -- What was refunded of the bill before it: the shares that are given back follow from this.
  before         bigint not null check (before >= 0),
  state          text collate "C" not null check (state in ('QUEUED', 'REQUESTED', 'SENT', 'DONE', 'DECLINED')),
  reason         text,
  response_code  text,
  tries          int not null default 0,
  due_at         timestamptz,
  created_at     timestamptz not null,
  sent_at        timestamptz,
  finished_at    timestamptz,
  check ((due_at is null) = (state in ('DONE', 'DECLINED'))),
  check ((finished_at is null) = (state not in ('DONE', 'DECLINED'))),
  check ((sent_at is null) = (state in ('QUEUED', 'REQUESTED')))
);
create index refunds_bill on refunds (bill, rrn);
create index refunds_due on refunds (due_at) where due_at is not null;
create index refunds_queued on refunds (merchant_id, rrn) where state = 'QUEUED';
