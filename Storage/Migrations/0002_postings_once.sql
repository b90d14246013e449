-- One index entry for a swipe's postings instead of one for each line. Line 1, the bank's, is in every set: a second set is
-- still impossible, whoever tries. Nobody looks a single line up; sums and audits read them all.
alter table postings drop constraint postings_pkey;
create unique index postings_once on postings (rrn) where line = 1;
