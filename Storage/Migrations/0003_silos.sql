-- The silos of a cluster, as Orleans keeps them. Every change but a sign of life goes through the cluster's version: of two
-- silos that change the table at once, one is told to read again.

create table clusters (
  id       text collate "C" primary key,
  version  int not null
);

create table silos (
  cluster_id    text collate "C" not null references clusters,
  address       text collate "C" not null,
  status        text not null,
  name          text not null,
  host          text not null,
  started_at    timestamptz not null,
  alive_at      timestamptz not null,
  suspects      text[] not null,
  suspected_at  timestamptz[] not null,
  primary key (cluster_id, address),
  check (cardinality(suspects) = cardinality(suspected_at))
);
