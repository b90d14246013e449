-- What has been paid of a debt, out of the merchant's later income.
alter table debts add column repaid bigint not null default 0 check (repaid between 0 and amount);
alter table debts add column payments int not null default 0;
create index debts_open on debts (merchant_id, refund) where repaid < amount;
