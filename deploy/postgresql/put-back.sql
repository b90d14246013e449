-- After a restore that lost commits: puts one approved payment back into the books, from its receipt and the bank's book.
-- docs/runbook.md says when and how to use it. The bill must exist, unpaid, with the receipt's amount; otherwise nothing is
-- changed and no line is printed. The event is not put back: the merchant has got it already.
with receipt as materialized (
  select :'terminal'::text as terminal_id, :'batch'::int as batch, :'stan'::int as stan, :'bill'::bigint as bill,
         :'amount'::bigint as amount, :'rrn'::bigint as rrn, :'card'::text as masked_pan, :'code'::text as authorisation_code,
         :'at'::timestamptz as at
), due as materialized (
  select r.*, b.merchant_id, b.currency, t.store_id, m.fee_basis_points, s.commission_percent,
         floor((r.amount::numeric * m.fee_basis_points + 5000) / 10000)::bigint as fee
  from receipt r
  join bills b on b.number = r.bill and b.amount = r.amount and b.state in ('OPEN', 'PAYING')
  join merchants m on m.id = b.merchant_id
  join terminals t on t.id = r.terminal_id
  join stores s on s.id = t.store_id
  for no key update of b
), approved as (
  insert into attempts as a (terminal_id, batch, stan, id, state, bill, amount, currency, masked_pan, store_id, rrn,
                             fee_basis_points, commission_percent, started_at, deadline, settled_at, response_code, authorisation_code)
  select terminal_id, batch, stan, gen_random_uuid(), 'APPROVED', bill, amount, currency, masked_pan, store_id, rrn,
         fee_basis_points, commission_percent, at, at, at, '00', authorisation_code
  from due
  -- At the restored moment the attempt may have been on its way to the bank. Any other row under the key stays.
  on conflict (terminal_id, batch, stan) do update
  set state = 'APPROVED', settled_at = excluded.settled_at, response_code = '00', authorisation_code = excluded.authorisation_code
  where a.state = 'SENT' and a.rrn = excluded.rrn and a.bill = excluded.bill and a.amount = excluded.amount
  returning a.*
), paid as (
  update bills b set state = 'PAID', paid_rrn = a.rrn, closed_at = a.settled_at from approved a where b.number = a.bill
), lines as (
  select a.rrn, l.line, l.kind, l.owner, l.amount, a.currency, a.settled_at
  from approved a
  join due d on d.rrn = a.rrn
  cross join lateral (values
    (1, 'bank_clearing', '', a.amount),
    (2, 'merchant', d.merchant_id, d.fee - a.amount),
    (3, 'store', a.store_id, -(d.fee * a.commission_percent / 100)),
    (4, 'platform', '', d.fee * a.commission_percent / 100 - d.fee)) as l(line, kind, owner, amount)
  where l.amount <> 0
), made as (
  insert into accounts (kind, owner, currency) select kind, owner, currency from lines on conflict (kind, owner, currency) do update set kind = excluded.kind
  returning id, kind, owner, currency
), entry as (
  insert into payment_entries (kind, number, subject, business_date, at, xact,
                               account_1, amount_1, account_2, amount_2, account_3, amount_3, account_4, amount_4)
  select 'payment', rrn, rrn, (settled_at at time zone 'Etc/GMT-8')::date, settled_at, txid_current(),
         ids[1], amounts[1], ids[2], amounts[2], ids[3], amounts[3], ids[4], amounts[4]
  from (
    select l.rrn, l.settled_at, array_agg(m.id order by l.line) as ids, array_agg(l.amount order by l.line) as amounts
    from lines l join made m using (kind, owner, currency) group by l.rrn, l.settled_at
  ) whole
)
select rrn, line, kind || case when owner = '' then '' else ':' || owner end as account, amount from lines order by line;
