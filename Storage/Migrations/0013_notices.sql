-- An endpoint that answered that it is gone hears no more, until its merchant enables it again.
alter table webhook_endpoints add column disabled_at timestamptz, add column disabled_reason text;

-- A try ended without a word on whether the receiver has the notice. That happens to a notice twice at the most.
alter table deliveries add column was_uncertain boolean not null default false;
