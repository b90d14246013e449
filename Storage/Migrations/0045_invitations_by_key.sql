-- The prefix of the API key that has made an invitation. Such a one lets in the merchant's first person only, and a merchant has one of them
-- at a time. It is no reference: a key that is deleted leaves an invitation that does not work.
alter table merchant_invitations add column by_key text collate "C";
create unique index merchant_invitations_by_key on merchant_invitations (merchant_id) where by_key is not null;
