-- The events leave by month, as the payments do. Their id begins with 48 bits of milliseconds, so that it says the month. First the
-- table gets a bound that holds for what silos of the version before insert from now on, for at least a whole month.

-- The lowest id of the month's first millisecond, of the months of month_of_ledger.
create function first_event_of_month(month int) returns uuid language sql immutable as $$
  select rpad(lpad(to_hex((1000 * extract(epoch from (make_date(2026, 11, 1) + make_interval(months => month)) at time zone 'Etc/GMT-8'))::bigint), 12, '0'), 32, '0')::uuid
$$;

do $$
begin
  execute format('alter table events add constraint events_bound check (id < %L) not valid', first_event_of_month(month_of_ledger(now()) + 2));
end
$$;
