-- Whether an approval that came late needs a reversal of its own is known once its attempt has left SENT: until then it is open.
alter table late_answers add column judged boolean not null default true;
alter table late_answers alter column judged drop default;
create index late_answers_open on late_answers (id) where not judged;
