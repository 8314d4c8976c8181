-- How many API tokens an account may have.
-- add-column: account_limit tokens_per_account BIGINT

-- When the account of a name was last deleted: mails that were sent before are
-- not good any more. A row is needed as long as a mail can be.
CREATE TABLE IF NOT EXISTS gone_account (
    slug    VARCHAR(128) PRIMARY KEY NOT NULL,
    gone_at TIMESTAMP NOT NULL
);
