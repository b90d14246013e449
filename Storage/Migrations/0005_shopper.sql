-- The shopper is told too: by mail, by SMS, on the bill's page and in the stores near by.

alter table bills add column shopper_phone text;
alter table bills add column shopper_language text check (shopper_language in ('en', 'zh'));
-- When the shopper is reminded; null when there is no reminder, or it has gone out.
alter table bills add column remind_at timestamptz;
create index bills_reminders on bills (remind_at) where remind_at is not null;

-- A delivery goes to a webhook endpoint, by its id, or to the bill's shopper by 'mail' or 'sms'. SKIPPED: when its turn came
-- there was nothing left to tell, such as a reminder of what is paid.
alter table deliveries rename column endpoint_id to receiver;
alter table deliveries drop constraint deliveries_state_check;
alter table deliveries add constraint deliveries_state_check check (state in ('PENDING', 'ACCEPTED', 'SKIPPED', 'PARKED'));

alter table stores add column name_zh text;
alter table stores add column chain text;
alter table stores add column region text;
alter table stores add column district text;
alter table stores add column address text;
alter table stores add column latitude double precision check (latitude between -90 and 90);
alter table stores add column longitude double precision check (longitude between -180 and 180);
alter table stores add column hours text;
alter table stores add column phone text;
alter table stores add constraint stores_place check ((latitude is null) = (longitude is null));
create index stores_near on stores using gist (point(longitude, latitude)) where latitude is not null;
create index stores_area on stores (region, district, id);
create index terminals_store on terminals (store_id);

-- When a terminal was last heard, as of its silo's latest round. Worth nothing after a crash, so it is not logged.
create unlogged table terminal_lines (
  terminal_id  text collate "C" primary key,
  heard_at     timestamptz not null
) with (fillfactor = 70);
