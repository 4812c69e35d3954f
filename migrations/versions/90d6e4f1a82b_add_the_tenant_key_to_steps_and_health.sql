-- revision: 90d6e4f1a82b
-- down_revision: 3b8f05c7d2ae
-- branch_labels: []
-- depends_on: []
-- message: add the tenant key to steps and health logs
-- create_date: 2026-01-21T08:57:12Z

-- cmig:upgrade postgresql
-- Every query filters by company: the tables that only knew their workflow get the key too.
ALTER TABLE steps ADD COLUMN company_id uuid REFERENCES companies (id) ON DELETE CASCADE;
UPDATE steps SET company_id = w.company_id
FROM workflows w WHERE w.id = steps.workflow_id;
ALTER TABLE steps ALTER COLUMN company_id SET NOT NULL;
CREATE INDEX ix_steps_company_id ON steps (company_id);

ALTER TABLE health_logs ADD COLUMN company_id uuid REFERENCES companies (id) ON DELETE CASCADE;
UPDATE health_logs SET company_id = w.company_id
FROM workflows w WHERE w.id = health_logs.workflow_id;
ALTER TABLE health_logs ALTER COLUMN company_id SET NOT NULL;
CREATE INDEX ix_health_logs_company_id ON health_logs (company_id);

-- cmig:upgrade sqlite
-- SQLite cannot add a column that is NOT NULL without a default: rebuild both tables, steps first.
CREATE TABLE steps_new (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  step_number INTEGER NOT NULL CHECK (step_number > 0),
  action_type TEXT NOT NULL,
  selectors TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(selectors)),
  element_meta TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(element_meta)),
  page_context TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(page_context)),
  action_data TEXT CHECK (action_data IS NULL OR json_valid(action_data)),
  dom_context TEXT CHECK (dom_context IS NULL OR json_valid(dom_context)),
  screenshot_id TEXT REFERENCES screenshots (id) ON DELETE SET NULL,
  field_label TEXT,
  instruction TEXT,
  ai_confidence REAL CHECK (ai_confidence BETWEEN 0 AND 1),
  label_edited INTEGER NOT NULL DEFAULT 0 CHECK (label_edited IN (0, 1)),
  edited_by TEXT REFERENCES users (id) ON DELETE SET NULL,
  edited_at TEXT,
  healed_selectors TEXT CHECK (healed_selectors IS NULL OR json_valid(healed_selectors)),
  healed_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  UNIQUE (workflow_id, step_number)
);
INSERT INTO steps_new (
  id, workflow_id, company_id, step_number, action_type, selectors, element_meta, page_context,
  action_data, dom_context, screenshot_id, field_label, instruction, ai_confidence, label_edited,
  edited_by, edited_at, healed_selectors, healed_at, created_at, updated_at)
SELECT
  id, workflow_id,
  (SELECT w.company_id FROM workflows w WHERE w.id = steps.workflow_id),
  step_number, action_type, selectors, element_meta, page_context,
  action_data, dom_context, screenshot_id, field_label, instruction, ai_confidence, label_edited,
  edited_by, edited_at, healed_selectors, healed_at, created_at, updated_at
FROM steps;
DROP TABLE steps;
ALTER TABLE steps_new RENAME TO steps;
CREATE INDEX ix_steps_workflow_id ON steps (workflow_id);
CREATE INDEX ix_steps_screenshot_id ON steps (screenshot_id);
CREATE INDEX ix_steps_edited_by ON steps (edited_by);
CREATE INDEX ix_steps_company_id ON steps (company_id);

CREATE TABLE health_logs_new (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
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
  id, workflow_id, company_id, step_id, status, error_type, error_message, healing_attempts,
  healing_confidence, execution_time_ms, page_url, created_at, updated_at)
SELECT
  id, workflow_id,
  (SELECT w.company_id FROM workflows w WHERE w.id = health_logs.workflow_id),
  step_id, status, error_type, error_message, healing_attempts,
  healing_confidence, execution_time_ms, page_url, created_at, updated_at
FROM health_logs;
DROP TABLE health_logs;
ALTER TABLE health_logs_new RENAME TO health_logs;
CREATE INDEX ix_health_logs_workflow_id_created_at ON health_logs (workflow_id, created_at);
CREATE INDEX ix_health_logs_status ON health_logs (status);
CREATE INDEX ix_health_logs_step_id ON health_logs (step_id);
CREATE INDEX ix_health_logs_company_id ON health_logs (company_id);

-- cmig:downgrade postgresql
ALTER TABLE health_logs DROP COLUMN company_id;
ALTER TABLE steps DROP COLUMN company_id;

-- cmig:downgrade sqlite
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

CREATE TABLE steps_new (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  step_number INTEGER NOT NULL CHECK (step_number > 0),
  action_type TEXT NOT NULL,
  selectors TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(selectors)),
  element_meta TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(element_meta)),
  page_context TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(page_context)),
  action_data TEXT CHECK (action_data IS NULL OR json_valid(action_data)),
  dom_context TEXT CHECK (dom_context IS NULL OR json_valid(dom_context)),
  screenshot_id TEXT REFERENCES screenshots (id) ON DELETE SET NULL,
  field_label TEXT,
  instruction TEXT,
  ai_confidence REAL CHECK (ai_confidence BETWEEN 0 AND 1),
  label_edited INTEGER NOT NULL DEFAULT 0 CHECK (label_edited IN (0, 1)),
  edited_by TEXT REFERENCES users (id) ON DELETE SET NULL,
  edited_at TEXT,
  healed_selectors TEXT CHECK (healed_selectors IS NULL OR json_valid(healed_selectors)),
  healed_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  UNIQUE (workflow_id, step_number)
);
INSERT INTO steps_new (
  id, workflow_id, step_number, action_type, selectors, element_meta, page_context,
  action_data, dom_context, screenshot_id, field_label, instruction, ai_confidence, label_edited,
  edited_by, edited_at, healed_selectors, healed_at, created_at, updated_at)
SELECT
  id, workflow_id, step_number, action_type, selectors, element_meta, page_context,
  action_data, dom_context, screenshot_id, field_label, instruction, ai_confidence, label_edited,
  edited_by, edited_at, healed_selectors, healed_at, created_at, updated_at
FROM steps;
DROP TABLE steps;
ALTER TABLE steps_new RENAME TO steps;
CREATE INDEX ix_steps_workflow_id ON steps (workflow_id);
CREATE INDEX ix_steps_screenshot_id ON steps (screenshot_id);
CREATE INDEX ix_steps_edited_by ON steps (edited_by);
