-- The bank has refused money that was held for the shopper, or that a claim has granted: two operators decide how she gets it.
create table refused_refunds (
  rrn          bigint primary key,
  bill         bigint not null,
  -- It is held by the trade, which is stopped until they have decided.
  is_held      boolean not null,
  -- Of the merchant's money, until they have decided.
  frozen       bigint not null check (frozen >= 0),
  since        timestamptz not null,
  closed_at    timestamptz,
  -- The refund that takes its place; null: none does.
  next_refund  bigint unique,
  check (next_refund is null or closed_at is not null),
  check (not is_held or frozen = 0)
);
create index refused_refunds_open on refused_refunds (bill) where closed_at is null;

-- Trades that were stopped so before: the last refused refunds, of no more than is held. Whoever looks at the page of such a refund decides about it.
insert into refused_refunds (rrn, bill, is_held, frozen, since)
select r.rrn, r.bill, true, 0, r.finished_at
from (
  select r.rrn, r.bill, r.finished_at, t.held, sum(r.amount) over (partition by r.bill order by r.finished_at desc, r.rrn desc) as amount
  from trades t join refunds r on r.bill = t.bill
  where t.frozen_by = 'refund-declined' and r.state = 'DECLINED' and exists (
    select from other_entries e join accounts a on a.id in (e.account_1, e.account_2, e.account_3, e.account_4) and a.kind = 'held' where e.kind = 'refund' and e.subject = r.rrn)
) as r
where r.amount <= r.held;

-- Paid by the platform out of the reserve account, and not to the card. It is never sent to the bank.
alter table refunds add column is_paid_otherwise boolean not null default false;

-- A merchant may withdraw what was not sent. The rows that are there satisfy the wider checks, so the table need not be read.
alter table refunds drop constraint refunds_state_check, drop constraint refunds_due, drop constraint refunds_check1, drop constraint refunds_check2;
alter table refunds
  add constraint refunds_state_check check (state in ('QUEUED', 'REQUESTED', 'SENT', 'DONE', 'DECLINED', 'WITHDRAWN')) not valid,
  add constraint refunds_due check (state = 'SENT' or (due_at is null) = (state in ('DONE', 'DECLINED', 'WITHDRAWN'))) not valid,
  add constraint refunds_finished check ((finished_at is null) = (state not in ('DONE', 'DECLINED', 'WITHDRAWN'))) not valid,
  add constraint refunds_sent check (
    case when is_paid_otherwise then sent_at is null and state = 'DONE' else (sent_at is null) = (state in ('QUEUED', 'REQUESTED', 'WITHDRAWN')) end) not valid;

-- What two operators decide about a refund: what became of one that is not sent any more, how the shopper gets what the bank has refused, or that the
-- guarantee fund pays what the merchant's money does not cover. Each question is answered once.
alter table refund_rulings drop constraint refund_rulings_state_check;
alter table refund_rulings add constraint refund_rulings_state_check check (state in ('DONE', 'DECLINED', 'AGAIN', 'OTHERWISE', 'LEFT', 'GUARANTEE'));
drop index refund_rulings_one_approved;
create unique index refund_rulings_one_approved on refund_rulings
  (rrn, (case when state in ('DONE', 'DECLINED') then 'STOPPED' when state = 'GUARANTEE' then 'UNCOVERED' else 'REFUSED' end)) where approved_by is not null;

-- The fund may pay for a refund that no claim has made.
alter table debts alter column claim drop not null;
