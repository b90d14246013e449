-- A refund that the bank might have forgotten is not sent any more: it stays SENT and is not due. The rows that are there satisfy the stricter check that
-- this one replaces, so the table need not be read.
alter table refunds drop constraint refunds_check;
alter table refunds add constraint refunds_due check (state = 'SENT' or (due_at is null) = (state in ('DONE', 'DECLINED'))) not valid;

-- What became of such a refund is proposed by one operator and approved by another one. It moves money only when it is approved.
create table refund_rulings (
  rrn          bigint not null,
  place        smallint not null,
  state        text collate "C" not null check (state in ('DONE', 'DECLINED')),
  reason       text not null,
  made_by      text not null,
  made_at      timestamptz not null default clock_timestamp(),
  approved_by  text,
  approved_at  timestamptz,
  dropped_by   text,
  dropped_at   timestamptz,
  primary key (rrn, place),
  constraint refund_rulings_two_people check (approved_by <> made_by),
  check ((approved_by is null) = (approved_at is null)),
  check ((dropped_by is null) = (dropped_at is null)),
  check (approved_by is null or dropped_by is null)
);
create unique index refund_rulings_one_waits on refund_rulings (rrn) where approved_by is null and dropped_by is null;
create unique index refund_rulings_one_approved on refund_rulings (rrn) where approved_by is not null;
