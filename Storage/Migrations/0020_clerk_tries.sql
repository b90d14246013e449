-- Passwords of a clerk that were wrong, or are being looked at, since the first of them.
alter table clerks add column tries int not null default 0, add column tries_from timestamptz;
