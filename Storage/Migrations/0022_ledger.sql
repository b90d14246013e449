-- The ledger. One row is one entry: its lines stand in it, and a check says that they sum to zero, so that nobody can store half
-- an entry. Entries are only added. Silos of the version before go on writing lines to "postings"; the silos move those over.

-- Whose money, of which kind, in which currency. An account exists from its first line on.
create table accounts (
  id        int generated always as identity primary key,
  kind      text collate "C" not null,
  owner     text collate "C" not null,
  currency  text collate "C" not null,
  name      text collate "C" generated always as (kind || case when owner = '' then '' else ':' || owner end) stored,
  unique (kind, owner, currency)
);

-- A month has 400,000 blocks of numbers, 4,000,000,000 numbers: the number says the month, and both are one key of a partition.
-- The blocks before December 2026 are month 0; the twelve digits last until 2047.
create function month_of_ledger(at timestamptz) returns int language sql stable as $$
  select greatest(0, (12 * (extract(year from d) - 2026) + extract(month from d) - 11)::int) from (select (at at time zone 'Etc/GMT-8')::date as d) today
$$;

-- The next block of retrieval reference numbers, within the numbers of the month. Silos of the version before take nextval by
-- themselves: they stay below, and after the turn of a month they follow.
create function next_rrn_block() returns bigint language plpgsql as $$
declare
  first constant bigint := 400000::bigint * month_of_ledger(clock_timestamp());
  block bigint;
begin
  perform pg_advisory_xact_lock(x'4C4544474552'::bigint);
  block := nextval('rrn_blocks');
  if block < first then
    block := setval('rrn_blocks', first);
  end if;
  return block;
end
$$;

create table entries (
  number         bigint not null,
  subject        bigint not null,
  amount_1       bigint not null,
  amount_2       bigint not null,
  amount_3       bigint,
  amount_4       bigint,
  amount_5       bigint,
  amount_6       bigint,
  at             timestamptz not null,
  -- The transaction of an entry whose credits are folded into the balances later; null when it has changed them itself.
  xact           bigint,
  account_1      int not null,
  account_2      int not null,
  account_3      int,
  account_4      int,
  account_5      int,
  account_6      int,
  business_date  date not null,
  sequence       int not null default 0,
  kind           text collate "C" not null,
  who            text,
  primary key (kind, number),
  check (amount_1 + amount_2 + coalesce(amount_3, 0) + coalesce(amount_4, 0) + coalesce(amount_5, 0) + coalesce(amount_6, 0) = 0),
  check (amount_1 <> 0 and amount_2 <> 0 and amount_3 <> 0 and amount_4 <> 0 and amount_5 <> 0 and amount_6 <> 0),
  check ((amount_3 is null) = (account_3 is null) and (amount_4 is null) = (account_4 is null)
    and (amount_5 is null) = (account_5 is null) and (amount_6 is null) = (account_6 is null))
) partition by list (kind);

-- A payment is named by its number, which is the attempt's RRN. The others are few, and their names are kept for ever.
create table payment_entries partition of entries (check (subject = number and sequence = 0)) for values in ('payment') partition by range (number);
create table other_entries partition of entries default;
create unique index other_entries_name on other_entries (kind, subject, sequence);
create index entries_date on entries using brin (business_date) with (autosummarize = on);
-- What is to be folded is found here. A BRIN index would read all that is not summarized yet, a minute of swipes, each time.
create index entries_xact on entries (xact) where xact is not null;

-- Only added: not even the owner may change or remove an entry. (The owner can give itself these rights again, but not by mistake.)
revoke update, delete, truncate on entries, payment_entries, other_entries from public, current_user;

-- Makes the partition of a month, unless it exists. Attached and not created in its place: that would lock the whole table, and all
-- swipes would wait with it behind a long report.
create function open_ledger_month(month int) returns void language plpgsql as $$
declare
  partition constant text := 'payment_entries_' || month;
begin
  perform pg_advisory_xact_lock(x'4C45444D4F4E'::bigint);
  if to_regclass(partition) is null then
    execute format('create table %I (like payment_entries including defaults including constraints)', partition);
    execute format('revoke update, delete, truncate on %I from public, current_user', partition);
    execute format(
      'alter table payment_entries attach partition %I for values from (%s) to (%s)',
      partition, case month when 0 then 'minvalue' else (4000000000 * month)::text end, 4000000000 * (month + 1));
  end if;
end
$$;
select open_ledger_month(0), open_ledger_month(month_of_ledger(now())), open_ledger_month(month_of_ledger(now()) + 1);

-- What can be debited: available money, as far as it is folded in. Never above the truth, because only credits come late.
create table balances (
  account  int primary key references accounts,
  amount   bigint not null check (amount >= 0)
);

-- Entries of transactions before this one are in the balances.
create table folded (
  is_only  boolean primary key default true check (is_only),
  upto     bigint not null
);
insert into folded (upto) values (0);

-- What a month that has left had posted to each account. It counts from the moment at which the month's partition is detached.
create table carried (
  month    int not null,
  account  int not null references accounts,
  amount   bigint not null,
  primary key (month, account)
);
revoke update, delete, truncate on carried from public, current_user;

create view left_months as
  select distinct month from carried c where not exists (
    select 1 from pg_inherits i where i.inhparent = 'payment_entries'::regclass and i.inhrelid = to_regclass('payment_entries_' || c.month)
      and not i.inhdetachpending);

-- No payment comes into the month any more, by anybody. A silo uses a block of numbers for a day, so that after a whole month none does.
create function close_ledger_month(month int, today timestamptz default now()) returns void language plpgsql as $$
begin
  if month >= month_of_ledger(today) - 1 then
    raise exception 'payments of month % may still come', month;
  end if;
  perform set_config('lock_timeout', '1s', true);
  execute format('alter table %I add constraint closed check (false) not valid', 'payment_entries_' || month);
end
$$;

-- Keeps the sums of a closed month. Months leave in their order, and only when all of their credits are in the balances.
create function carry_ledger_month(month int) returns void language plpgsql as $$
declare
  partition constant text := 'payment_entries_' || month;
  waits bool;
begin
  if not exists (select 1 from pg_constraint where conrelid = partition::regclass and conname = 'closed') then
    raise exception 'month % is not closed', month;
  end if;
  if exists (select 1 from pg_inherits where inhparent = 'payment_entries'::regclass
             and substr(inhrelid::regclass::text, length('payment_entries_') + 1)::int < month) then
    raise exception 'an older month than % has not left', month;
  end if;
  execute format('select exists (select 1 from %I, folded where xact >= upto) or exists (select 1 from old_postings where rrn < $1)', partition)
    into waits using 4000000000 * (month + 1);
  if waits then
    raise exception 'credits of month % are not in the balances yet', month;
  end if;
  execute format(
    'insert into carried select $1, l.account, sum(l.amount) from %I e cross join lateral (values
       (e.account_1, e.amount_1), (e.account_2, e.amount_2), (e.account_3, e.amount_3),
       (e.account_4, e.amount_4), (e.account_5, e.amount_5), (e.account_6, e.amount_6)) as l(account, amount)
     where l.account is not null group by l.account', partition) using month;
end
$$;

alter table postings rename to old_postings;
alter index postings_once rename to old_postings_once;
alter index postings_date rename to old_postings_date;

create view postings as
  select e.number as rrn, l.line::smallint as line, a.name as account, l.amount, a.currency,
         e.business_date
  from entries e
  cross join lateral (values
    (1, e.account_1, e.amount_1), (2, e.account_2, e.amount_2), (3, e.account_3, e.amount_3),
    (4, e.account_4, e.amount_4), (5, e.account_5, e.amount_5), (6, e.account_6, e.amount_6)) as l(line, account, amount)
  join accounts a on a.id = l.account
  union all
  select rrn, line, account, amount, currency, business_date from old_postings;

create function post_as_before() returns trigger language plpgsql as $$
begin
  insert into old_postings (rrn, line, account, amount, currency, business_date)
  values (new.rrn, new.line, new.account, new.amount, new.currency, new.business_date);
  return new;
end
$$;
create trigger postings_before instead of insert on postings for each row execute function post_as_before();
