-- The table of all events so far becomes the partition of the next month and all before.
do $$
declare
  last constant int := month_of_ledger(now()) + 1;
  partition constant text := 'events_' || last;
begin
  execute format('alter table events rename to %I', partition);
  execute format('alter index events_pkey rename to %I', partition || '_pkey');
  execute format('create table events (like %I including defaults, primary key (merchant_id, id)) partition by range (id)', partition);

  -- PostgreSQL takes the constraint as the proof, and the primary key's index as it is.
  execute format('alter table events attach partition %I for values from (minvalue) to (%L)', partition, first_event_of_month(last + 1));
  execute format('alter table %I drop constraint events_bound', partition);

  -- Only added: not even the owner may change or remove an event.
  execute format('revoke update, delete, truncate on events, %I from public, current_user', partition);
end
$$;

create view event_months as
  select substr(c.relname, length('events_') + 1)::int as month from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'events'::regclass;

-- Makes the partition of a month, unless it exists: from the end of the latest one, so that no month between is left out. Attached and
-- not created in its place, as the ledger's. There is no default partition: with one, no month could leave without a pause.
create function open_event_month(month int) returns void language plpgsql as $$
declare
  partition constant text := 'events_' || month;
  latest int;
begin
  perform pg_advisory_xact_lock(x'4C45444D4F4E'::bigint);
  select max(m.month) into latest from event_months m;
  if latest < month then
    execute format('create table %I (like events including defaults)', partition);
    execute format('revoke update, delete, truncate on %I from public, current_user', partition);
    execute format(
      'alter table events attach partition %I for values from (%L) to (%L)', partition, first_event_of_month(latest + 1), first_event_of_month(month + 1));
  end if;
end
$$;

-- Refuses while somebody may still need an event of the month: its merchant, who lists and sends again, or a notice.
create function check_event_month(month int, today timestamptz default now()) returns void language plpgsql as $$
declare
  waiting bigint;
begin
  if month >= month_of_ledger(today) - 3 then
    raise exception 'merchants may still list the events of month %', month;
  end if;
  if exists (select from event_months m where m.month < check_event_month.month) then
    raise exception 'an older month than % has not left', month;
  end if;
  select (select count(*) from deliveries where state = 'PENDING' and event_id < first_event_of_month(month + 1))
       + (select count(*) from deliveries where state = 'PARKED' and event_id < first_event_of_month(month + 1)) into waiting;
  if waiting > 0 then
    raise exception '% notices of month % are not accepted yet', waiting, month;
  end if;
end
$$;

-- Removes the deliveries of the events that have left, some at a time, so that no long transaction holds up the balances.
create procedure forget_deliveries(month int) language plpgsql as $$
declare
  upto constant uuid := first_event_of_month(month + 1);
  last uuid := '00000000-0000-0000-0000-000000000000';
begin
  if exists (select from event_months m where m.month <= forget_deliveries.month) then
    raise exception 'month % has not left', month;
  end if;
  while last is not null loop
    with some_events as (
      select event_id from deliveries where event_id > last and event_id < upto order by event_id limit 10000
    ), gone as (
      delete from deliveries d using some_events s where d.event_id = s.event_id
    )
    select max(event_id::text collate "C")::uuid into last from some_events;
    commit;
  end loop;
end
$$;
