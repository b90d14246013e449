-- Operators: who may look at the network and act on it, what they did, what they ordered, and what they are to be told.

-- Passwords, sessions and keys are only here as hashes of them.
create table operators (
  name           text collate "C" primary key check (name ~ '^[a-z0-9._-]{2,40}$'),
  role           text not null check (role in ('watch', 'act', 'administer')),
  blocked        boolean not null default false,
  salt           bytea not null,
  password_hash  bytea not null,
  created_at     timestamptz not null default clock_timestamp()
);

create table operator_sessions (
  token_hash  bytea primary key,
  operator    text collate "C" not null references operators,
  used_at     timestamptz not null default clock_timestamp(),
  expires_at  timestamptz not null
);
create index operator_sessions_operator on operator_sessions (operator);

create table admin_keys (
  prefix       text collate "C" primary key,
  name         text not null unique,
  role         text not null check (role in ('watch', 'act', 'administer')),
  secret_hash  bytea not null,
  created_at   timestamptz not null default clock_timestamp(),
  revoked_at   timestamptz
);

-- Append-only: who did what to what, in the commit that did it.
create table audit_log (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default clock_timestamp(),
  who      text not null,
  what     text not null,
  subject  text collate "C" not null,
  detail   text not null default ''
);
create index audit_log_subject on audit_log (subject, id);

create function refuse_change() returns trigger language plpgsql as
$$ begin raise exception 'the audit log is append-only'; end $$;
create trigger audit_log_append_only before update or delete or truncate on audit_log for each statement execute function refuse_change();

-- What a terminal is asked to do at its next free moment: 1 sign on, 2 fetch parameters, 4 send status.
alter table terminals add column asked smallint not null default 0 check (asked between 0 and 7);
alter table terminals add column created_at timestamptz not null default now();
alter table terminals add column retired_at timestamptz;
alter table stores add column blocked boolean not null default false;
alter table stores add column retired_at timestamptz;
create index stores_chain on stores (chain, id);

-- What is wrong with a terminal in words, as it last said; empty when nothing is.
alter table terminal_health add column attention text not null default '';

-- An order to one terminal or to many, at once or at a time.
create table actions (
  id          uuid primary key,
  kind        text not null check (kind in ('block', 'unblock', 'retire', 'move', 'rotate_keys', 'send_parameters', 'send_status')),
  argument    text collate "C",
  who         text not null,
  created_at  timestamptz not null default clock_timestamp(),
  due_at      timestamptz not null,
  check ((kind = 'move') = (argument is not null))
);

-- WAITING until it is time, ASKED until the terminal has done it.
create table action_targets (
  action_id    uuid not null references actions,
  terminal_id  text collate "C" not null references terminals,
  kind         text not null,
  state        text not null default 'WAITING' check (state in ('WAITING', 'ASKED', 'DONE', 'FAILED', 'CANCELLED')),
  due_at       timestamptz not null,
  outcome      text not null default '',
  changed_at   timestamptz not null default clock_timestamp(),
  primary key (action_id, terminal_id)
);
create index action_targets_due on action_targets (due_at) where state in ('WAITING', 'ASKED');
create index action_targets_terminal on action_targets (terminal_id, changed_at);

-- Settings inherit, member by member: platform, chain, store, terminal. The newest row of each level counts.
alter table terminal_parameters add column chain text collate "C";
alter table terminal_parameters add column terminal_id text collate "C" references terminals;
alter table terminal_parameters add constraint terminal_parameters_level check (num_nonnulls(store_id, chain, terminal_id) <= 1);
create index terminal_parameters_platform on terminal_parameters (version) where store_id is null and chain is null and terminal_id is null;
create index terminal_parameters_chain on terminal_parameters (chain, version) where chain is not null;
create index terminal_parameters_terminal on terminal_parameters (terminal_id, version) where terminal_id is not null;

-- One alarm of a kind about a subject is raised at a time.
create table alarms (
  id          bigint generated always as identity primary key,
  kind        text collate "C" not null,
  subject     text collate "C" not null,
  detail      text not null,
  raised_at   timestamptz not null default clock_timestamp(),
  cleared_at  timestamptz
);
create unique index alarms_raised on alarms (kind, subject) where cleared_at is null;
create index alarms_subject on alarms (subject, id);

-- How each silo is, as of its latest round. Worth nothing after a crash, so it is not logged.
create unlogged table silo_states (
  silo  text collate "C" primary key,
  at    timestamptz not null,
  body  jsonb not null
);

-- Swipes by the minute in which they began and by what became of them, read off the attempts; the last minutes are read again.
create table swipe_minutes (
  minute      timestamptz primary key,
  approved    int not null,
  declined    int not null,
  refused     int not null,
  not_sent    int not null,
  reversed    int not null,
  unresolved  int not null,
  p50         int,
  p99         int
);
create index attempts_started on attempts using brin (started_at) with (pages_per_range = 32, autosummarize = on);
