-- How often a merchant has reached somebody outside, within an hour and a day from the first time: 'mail' and 'sms' by the hash of the
-- address, and in all under no bytes; 'resend' by the event.
create table merchant_quotas (
  merchant_id  text collate "C" not null,
  what         text collate "C" not null check (what in ('mail', 'sms', 'resend')),
  subject      bytea not null,
  hour_from    timestamptz not null,
  in_hour      int not null,
  day_from     timestamptz not null,
  in_day       int not null,
  primary key (merchant_id, what, subject)
) with (fillfactor = 70);
create index merchant_quotas_age on merchant_quotas (day_from);

-- The latest test of an endpoint: the next waits until its first try is over.
alter table webhook_endpoints add column test_event uuid, add column tested_at timestamptz;

-- A notice to a shopper is counted once for all of its tries.
alter table deliveries add column is_counted boolean not null default false;
