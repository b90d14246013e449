-- A terminal whose case was opened blocks itself; only an administrator lets it take cards again.
alter table terminals add column tampered_at timestamptz;
alter table actions add column by_administrator boolean not null default false;
