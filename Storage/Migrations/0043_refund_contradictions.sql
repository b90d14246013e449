-- A final word of the bank about a refund that was decided by another one. It moves no money; an operator is alarmed until somebody has closed it.
create table refund_contradictions (
  rrn            bigint not null,
  response_code  text collate "C" not null,
  received_at    timestamptz not null default clock_timestamp(),
  closed_at      timestamptz,
  closed_because text,
  primary key (rrn, response_code),
  check ((closed_at is null) = (closed_because is null))
);
create index refund_contradictions_open on refund_contradictions (received_at) where closed_at is null;
