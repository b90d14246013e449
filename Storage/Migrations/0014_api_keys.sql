-- What a merchant calls a key, and when it last came, to the hour.
alter table api_keys add column name text, add column last_used_at timestamptz;
create index api_keys_merchant on api_keys (merchant_id);
