-- Whether the fee stays with store and platform when the bill's money is refunded. Written once, with the bill. The default is constant, so
-- that no row is rewritten.
alter table bills add column is_fee_kept boolean not null default false;
