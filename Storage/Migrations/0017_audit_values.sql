-- What a deed changed: the values before and after it, as JSON objects. Null where there were none.
alter table audit_log add column before jsonb;
alter table audit_log add column after jsonb;
