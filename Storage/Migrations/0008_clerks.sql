-- Who works at a store's counters. Passwords are only here as PBKDF2 (SHA-512) of them.
create table clerks (
  store_id       text collate "C" not null references stores,
  number         text collate "C" not null check (number ~ '^[0-9]{4,8}$'),
  name           text not null,
  supervisor     boolean not null default false,
  blocked        boolean not null default false,
  salt           bytea not null,
  password_hash  bytea not null,
  primary key (store_id, number)
);
