-- People of a merchant who sign in at its pages. Passwords say how they were made; sessions and invitations are only here as hashes.
create table merchant_users (
  merchant_id  text collate "C" not null references merchants,
  name         text collate "C" not null check (name ~ '^[a-z0-9._-]{2,40}$'),
  password     text not null,
  blocked      boolean not null default false,
  created_at   timestamptz not null default clock_timestamp(),
  primary key (merchant_id, name)
);

create table merchant_sessions (
  token_hash   bytea primary key,
  merchant_id  text collate "C" not null,
  name         text collate "C" not null,
  used_at      timestamptz not null default clock_timestamp(),
  expires_at   timestamptz not null,
  foreign key (merchant_id, name) references merchant_users
);
create index merchant_sessions_user on merchant_sessions (merchant_id, name);

-- Each lets one person in, once.
create table merchant_invitations (
  code_hash    bytea primary key,
  merchant_id  text collate "C" not null references merchants,
  expires_at   timestamptz not null
);
create index merchant_invitations_merchant on merchant_invitations (merchant_id);
