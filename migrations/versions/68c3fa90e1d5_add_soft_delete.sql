-- revision: 68c3fa90e1d5
-- down_revision: d20b7e5f916c
-- branch_labels: []
-- depends_on: []
-- message: add soft delete
-- create_date: 2026-02-03T12:14:27Z

-- cmig:upgrade postgresql
-- Rows are marked, not deleted; readers use the views unless they want deleted records too.
ALTER TABLE companies ADD COLUMN deleted_at timestamptz;
ALTER TABLE users ADD COLUMN deleted_at timestamptz;
ALTER TABLE workflows ADD COLUMN deleted_at timestamptz;
ALTER TABLE steps ADD COLUMN deleted_at timestamptz;

CREATE INDEX ix_workflows_live ON workflows (company_id, status) WHERE deleted_at IS NULL;

CREATE VIEW live_companies AS SELECT * FROM companies WHERE deleted_at IS NULL;
CREATE VIEW live_users AS SELECT * FROM users WHERE deleted_at IS NULL;
CREATE VIEW live_workflows AS SELECT * FROM workflows WHERE deleted_at IS NULL;
CREATE VIEW live_steps AS SELECT * FROM steps WHERE deleted_at IS NULL;

-- cmig:upgrade sqlite
-- Rows are marked, not deleted; readers use the views unless they want deleted records too.
ALTER TABLE companies ADD COLUMN deleted_at TEXT;
ALTER TABLE users ADD COLUMN deleted_at TEXT;
ALTER TABLE workflows ADD COLUMN deleted_at TEXT;
ALTER TABLE steps ADD COLUMN deleted_at TEXT;

CREATE INDEX ix_workflows_live ON workflows (company_id, status) WHERE deleted_at IS NULL;

CREATE VIEW live_companies AS SELECT * FROM companies WHERE deleted_at IS NULL;
CREATE VIEW live_users AS SELECT * FROM users WHERE deleted_at IS NULL;
CREATE VIEW live_workflows AS SELECT * FROM workflows WHERE deleted_at IS NULL;
CREATE VIEW live_steps AS SELECT * FROM steps WHERE deleted_at IS NULL;

-- cmig:downgrade
DROP VIEW live_steps;
DROP VIEW live_workflows;
DROP VIEW live_users;
DROP VIEW live_companies;

DROP INDEX ix_workflows_live;

ALTER TABLE steps DROP COLUMN deleted_at;
ALTER TABLE workflows DROP COLUMN deleted_at;
ALTER TABLE users DROP COLUMN deleted_at;
ALTER TABLE companies DROP COLUMN deleted_at;
