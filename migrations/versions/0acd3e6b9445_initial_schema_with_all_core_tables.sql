-- revision: 0acd3e6b9445
-- down_revision: null
-- branch_labels: []
-- depends_on: []
-- message: initial schema with all core tables
-- create_date: 2025-11-18T09:12:44Z

-- cmig:upgrade postgresql
CREATE TABLE companies (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  invite_token text NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ix_companies_invite_token ON companies (invite_token);

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  email text NOT NULL,
  password_hash text NOT NULL,
  name text NOT NULL,
  role text NOT NULL DEFAULT 'regular' CHECK (role IN ('admin', 'regular')),
  last_login_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE INDEX ix_users_company_id ON users (company_id);

CREATE TABLE workflows (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  created_by uuid REFERENCES users (id) ON DELETE SET NULL,
  name text NOT NULL,
  description text,
  starting_url text NOT NULL,
  status text NOT NULL DEFAULT 'draft'
    CHECK (
    status IN ('draft', 'processing', 'active', 'needs_review', 'broken', 'archived')),
  tags jsonb NOT NULL DEFAULT '[]',
  success_rate double precision NOT NULL DEFAULT 0 CHECK (success_rate BETWEEN 0 AND 1),
  total_uses integer NOT NULL DEFAULT 0,
  consecutive_failures integer NOT NULL DEFAULT 0,
  last_successful_run timestamptz,
  last_failed_run timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_workflows_company_id ON workflows (company_id);
CREATE INDEX ix_workflows_status ON workflows (status);
CREATE INDEX ix_workflows_created_by ON workflows (created_by);

-- Before steps, which point at their screenshot.
CREATE TABLE screenshots (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  hash text NOT NULL CHECK (length(hash) = 64),
  storage_key text NOT NULL,
  storage_url text,
  format text NOT NULL DEFAULT 'jpeg',
  width integer,
  height integer,
  file_size bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ix_screenshots_hash ON screenshots (hash);
CREATE INDEX ix_screenshots_workflow_id ON screenshots (workflow_id);

CREATE TABLE steps (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  step_number integer NOT NULL CHECK (step_number > 0),
  action_type text NOT NULL,
  selectors jsonb NOT NULL DEFAULT '{}',
  element_meta jsonb NOT NULL DEFAULT '{}',
  page_context jsonb NOT NULL DEFAULT '{}',
  action_data jsonb,
  dom_context jsonb,
  screenshot_id uuid REFERENCES screenshots (id) ON DELETE SET NULL,
  field_label text,
  instruction text,
  ai_confidence double precision CHECK (ai_confidence BETWEEN 0 AND 1),
  label_edited boolean NOT NULL DEFAULT false,
  edited_by uuid REFERENCES users (id) ON DELETE SET NULL,
  edited_at timestamptz,
  healed_selectors jsonb,
  healed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workflow_id, step_number)
);
CREATE INDEX ix_steps_workflow_id ON steps (workflow_id);
CREATE INDEX ix_steps_screenshot_id ON steps (screenshot_id);

CREATE TABLE health_logs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  step_id uuid REFERENCES steps (id) ON DELETE CASCADE,
  status text NOT NULL CHECK (status IN ('success', 'healed', 'failed')),
  error_type text,
  error_message text,
  healing_attempts integer NOT NULL DEFAULT 0,
  healing_confidence double precision,
  execution_time_ms integer,
  page_url text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_health_logs_workflow_id_created_at ON health_logs (workflow_id, created_at);
CREATE INDEX ix_health_logs_status ON health_logs (status);

CREATE TABLE notifications (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id uuid REFERENCES workflows (id) ON DELETE CASCADE,
  type text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
  title text NOT NULL,
  message text NOT NULL,
  read boolean NOT NULL DEFAULT false,
  read_by uuid REFERENCES users (id) ON DELETE SET NULL,
  read_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_notifications_company_id_read_created_at
  ON notifications (company_id, read, created_at);

-- cmig:upgrade sqlite
CREATE TABLE companies (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  name TEXT NOT NULL,
  invite_token TEXT NOT NULL,
  settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE UNIQUE INDEX ix_companies_invite_token ON companies (invite_token);

CREATE TABLE users (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'regular' CHECK (role IN ('admin', 'regular')),
  last_login_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE INDEX ix_users_company_id ON users (company_id);

CREATE TABLE workflows (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  created_by TEXT REFERENCES users (id) ON DELETE SET NULL,
  name TEXT NOT NULL,
  description TEXT,
  starting_url TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'draft'
    CHECK (
    status IN ('draft', 'processing', 'active', 'needs_review', 'broken', 'archived')),
  tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
  success_rate REAL NOT NULL DEFAULT 0 CHECK (success_rate BETWEEN 0 AND 1),
  total_uses INTEGER NOT NULL DEFAULT 0,
  consecutive_failures INTEGER NOT NULL DEFAULT 0,
  last_successful_run TEXT,
  last_failed_run TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX ix_workflows_company_id ON workflows (company_id);
CREATE INDEX ix_workflows_status ON workflows (status);
CREATE INDEX ix_workflows_created_by ON workflows (created_by);

-- Before steps, which point at their screenshot.
CREATE TABLE screenshots (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  storage_key TEXT NOT NULL,
  storage_url TEXT,
  format TEXT NOT NULL DEFAULT 'jpeg',
  width INTEGER,
  height INTEGER,
  file_size INTEGER,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE UNIQUE INDEX ix_screenshots_hash ON screenshots (hash);
CREATE INDEX ix_screenshots_workflow_id ON screenshots (workflow_id);

CREATE TABLE steps (
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
CREATE INDEX ix_steps_workflow_id ON steps (workflow_id);
CREATE INDEX ix_steps_screenshot_id ON steps (screenshot_id);

CREATE TABLE health_logs (
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
CREATE INDEX ix_health_logs_workflow_id_created_at ON health_logs (workflow_id, created_at);
CREATE INDEX ix_health_logs_status ON health_logs (status);

CREATE TABLE notifications (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id TEXT REFERENCES workflows (id) ON DELETE CASCADE,
  type TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
  title TEXT NOT NULL,
  message TEXT NOT NULL,
  read INTEGER NOT NULL DEFAULT 0 CHECK (read IN (0, 1)),
  read_by TEXT REFERENCES users (id) ON DELETE SET NULL,
  read_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX ix_notifications_company_id_read_created_at
  ON notifications (company_id, read, created_at);

-- cmig:downgrade
DROP TABLE notifications;
DROP TABLE health_logs;
DROP TABLE steps;
DROP TABLE screenshots;
DROP TABLE workflows;
DROP TABLE users;
DROP TABLE companies;
