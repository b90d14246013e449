-- What a merchant lists: the entries of its balance, its bills, its trades by state, its refunds; each in the order of the page.

-- In an entry that is no payment the merchant's account may stand in any place.
create index other_entries_account_1 on other_entries (account_1, at, number, kind);
create index other_entries_account_2 on other_entries (account_2, at, number, kind);
create index other_entries_account_3 on other_entries (account_3, at, number, kind) where account_3 is not null;
create index other_entries_account_4 on other_entries (account_4, at, number, kind) where account_4 is not null;
create index other_entries_account_5 on other_entries (account_5, at, number, kind) where account_5 is not null;
create index other_entries_account_6 on other_entries (account_6, at, number, kind) where account_6 is not null;

create index trades_merchant on trades (merchant_id, state, since, bill);
create index refunds_merchant on refunds (merchant_id, created_at, rrn);
create index refunds_out on refunds (merchant_id) include (amount) where state in ('REQUESTED', 'SENT');

-- In a payment it is the second line. A partition with payments gets its index from a silo, beside the swipes; a new one when it is attached.
create index payment_entries_merchant on only payment_entries (account_2, at, number);
do $$
declare
  partition text;
  has_rows bool;
begin
  for partition in select inhrelid::regclass::text from pg_inherits where inhparent = 'payment_entries'::regclass order by 1 loop
    execute format('select exists (select from %I)', partition) into has_rows;
    if not has_rows then
      execute format('create index %I on %I (account_2, at, number)', partition || '_merchant', partition);
      execute format('alter index payment_entries_merchant attach partition %I', partition || '_merchant');
    end if;
  end loop;
  if not exists (select from bills) then
    create index bills_merchant on bills (merchant_id, created_at, number);
  end if;
end
$$;
