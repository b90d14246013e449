-- What happened to a claim: a row for each move, the first for its opening. Claims that were opened before have only their later moves.
create table claim_moves (
  claim         bigint not null references claims,
  move          int not null check (move >= 0),
  what          text collate "C" not null,
  -- The words of the one who made it.
  text          text,
  -- What is claimed, offered or given.
  amount        bigint,
  -- Nobody made it: the time for the next move was over.
  is_by_itself  boolean not null,
  at            timestamptz not null,
  primary key (claim, move)
);

-- The trades that operators look at.
create index trades_frozen on trades (bill) where frozen_by is not null;
