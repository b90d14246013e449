-- What Orleans' ADO.NET grain storage 10.4 needs in its database. At its start it reads four statements by these keys; it runs them with
-- these parameters, and reads these columns. The package contains no script: this one is ours, and each statement does its work at once.

create table OrleansQuery (
  QueryKey   varchar(64) primary key,
  QueryText  varchar(8000) not null
);

create table grain_states (
  id_hash    int not null,
  type_hash  int not null,
  id_0       bigint not null,
  id_1       bigint not null,
  extension  text collate "C" not null,
  type       text collate "C" not null,
  service    text collate "C" not null,
  version    int not null,
  payload    bytea,
  primary key (id_hash, type_hash, id_0, id_1, extension, type, service)
) with (fillfactor = 60);

-- A write that finds another version than the grain has read changes nothing, and returns the grain's own version: by this Orleans
-- recognises that another activation has written.
insert into OrleansQuery values
('ReadFromStorageKey', '
  select payload as PayloadBinary, version as Version from grain_states
  where id_hash = @GrainIdHash and type_hash = @GrainTypeHash and id_0 = @GrainIdN0 and id_1 = @GrainIdN1
    and extension = coalesce(@GrainIdExtensionString, '''') and type = @GrainTypeString and service = @ServiceId
'),
('WriteToStorageKey', '
  with written as (
    insert into grain_states as s (id_hash, type_hash, id_0, id_1, extension, type, service, version, payload)
    values (@GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''''), @GrainTypeString, @ServiceId, 1, @PayloadBinary)
    on conflict (id_hash, type_hash, id_0, id_1, extension, type, service)
    do update set payload = excluded.payload, version = s.version + 1 where s.version = @GrainStateVersion
    returning s.version
  )
  select coalesce((select version from written), @GrainStateVersion) as NewGrainStateVersion
'),
('ClearStorageKey', '
  with cleared as (
    update grain_states set payload = null, version = version + 1
    where id_hash = @GrainIdHash and type_hash = @GrainTypeHash and id_0 = @GrainIdN0 and id_1 = @GrainIdN1
    and extension = coalesce(@GrainIdExtensionString, '''') and type = @GrainTypeString and service = @ServiceId
      and version = @GrainStateVersion
    returning version
  )
  select coalesce((select version from cleared), @GrainStateVersion) as NewGrainStateVersion
'),
('DeleteStorageKey', '
  with deleted as (
    delete from grain_states
    where id_hash = @GrainIdHash and type_hash = @GrainTypeHash and id_0 = @GrainIdN0 and id_1 = @GrainIdN1
    and extension = coalesce(@GrainIdExtensionString, '''') and type = @GrainTypeString and service = @ServiceId
      and version = @GrainStateVersion
    returning version + 1 as version
  )
  select coalesce((select version from deleted), @GrainStateVersion) as NewGrainStateVersion
');
