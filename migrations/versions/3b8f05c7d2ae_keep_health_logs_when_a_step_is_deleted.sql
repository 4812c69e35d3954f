-- revision: 3b8f05c7d2ae
-- down_revision: e13f6a2b95d7
-- branch_labels: []
-- depends_on: []
-- message: keep health logs when a step is deleted
-- create_date: 2026-01-08T11:20:31Z

-- cmig:upgrade postgresql
-- A step that is recorded anew must not take the history of its workflow's health with it.
ALTER TABLE health_logs DROP CONSTRAINT health_logs_step_id_fkey;
ALTER TABLE health_logs ADD CONSTRAINT health_logs_step_id_fkey
  FOREIGN KEY (step_id) REFERENCES steps (id) ON DELETE SET NULL NOT VALID;
ALTER TABLE health_logs VALIDATE CONSTRAINT health_logs_step_id_fkey;

-- cmig:upgrade sqlite
-- SQLite cannot change a foreign key: a new table takes the old one's place.
CREATE TABLE health_logs_new (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  step_id TEXT REFERENCES steps (id) ON DELETE SET NULL,
  status TEXT NOT NULL CHECK (status IN ('success', 'healed', 'failed')),
  error_type TEXT,
  error_message TEXT,
  healing_attempts INTEGER NOT NULL DEFAULT 0,
  healing_confidence REAL,
  execution_time_ms INTEGER,
  page_url TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
INSERT INTO health_logs_new (
  id, workflow_id, step_id, status, error_type, error_message, healing_attempts,
  healing_confidence, execution_time_ms, page_url, created_at, updated_at)
SELECT
  id, workflow_id, step_id, status, error_type, error_message, healing_attempts,
  healing_confidence, execution_time_ms, page_url, created_at, updated_at
FROM health_logs;
DROP TABLE health_logs;
ALTER TABLE health_logs_new RENAME TO health_logs;
CREATE INDEX ix_health_logs_workflow_id_created_at ON health_logs (workflow_id, created_at);
CREATE INDEX ix_health_logs_status ON health_logs (status);
CREATE INDEX ix_health_logs_step_id ON health_logs (step_id);

-- cmig:downgrade postgresql
ALTER TABLE health_logs DROP CONSTRAINT health_logs_step_id_fkey;
ALTER TABLE health_logs ADD CONSTRAINT health_logs_step_id_fkey
  FOREIGN KEY (step_id) REFERENCES steps (id) ON DELETE CASCADE NOT VALID;
ALTER TABLE health_logs VALIDATE CONSTRAINT health_logs_step_id_fkey;

-- cmig:downgrade sqlite
CREATE TABLE health_logs_new (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  step_id TEXT REFERENCES steps (id) ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('success', 'healed', 'failed')),
  error_type TEXT,
  error_message TEXT,
  healing_attempts INTEGER NOT NULL DEFAULT 0,
  healing_confidence REAL,
  execution_time_ms INTEGER,
  page_url TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
INSERT INTO health_logs_new (
  id, workflow_id, step_id, status, error_type, error_message, healing_attempts,
  healing_confidence, execution_time_ms, page_url, created_at, updated_at)
SELECT
  id, workflow_id, step_id, status, error_type, error_message, healing_attempts,
  healing_confidence, execution_time_ms, page_url, created_at, updated_at
FROM health_logs;
DROP TABLE health_logs;
ALTER TABLE health_logs_new RENAME TO health_logs;
CREATE INDEX ix_health_logs_workflow_id_created_at ON health_logs (workflow_id, created_at);
CREATE INDEX ix_health_logs_status ON health_logs (status);
CREATE INDEX ix_health_logs_step_id ON health_logs (step_id);
