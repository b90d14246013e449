-- Passwords say themselves how they were made: algorithm$iterations$salt$hash. The columns salt and password_hash hold bytes only in rows
-- that were written before, or by a silo that does not know this column; such a silo finds no password of its own in the others.
alter table clerks add column password text, add check (salt <> '' or password is not null);
alter table operators add column password text, add check (salt <> '' or password is not null);
