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
)
insert into postings (rrn, line, account, amount, currency, business_date)
select a.rrn, l.line, l.account, l.amount, a.currency, (a.settled_at at time zone 'Etc/GMT-8')::date
from approved a
join due d on d.rrn = a.rrn
cross join lateral (values
  (1, 'bank_clearing', a.amount),
  (2, 'merchant:' || d.merchant_id, d.fee - a.amount),
  (3, 'store:' || a.store_id, -(d.fee * a.commission_percent / 100)),
  (4, 'platform', d.fee * a.commission_percent / 100 - d.fee)) as l(line, account, amount)
where l.amount <> 0
returning rrn, line, account, amount;
