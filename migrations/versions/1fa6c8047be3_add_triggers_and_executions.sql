-- revision: 1fa6c8047be3
-- down_revision: 7e95b3d2604f
-- branch_labels: []
-- depends_on: [a7d40b8e6c19]
-- message: add triggers and executions
-- create_date: 2026-01-20T15:22:46Z

-- cmig:upgrade postgresql
CREATE TABLE workflow_triggers (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  type trigger_type NOT NULL,
  schedule text,
  event_filter jsonb,
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  CONSTRAINT workflow_triggers_schedule CHECK ((type = 'schedule') = (schedule IS NOT NULL))
);
CREATE INDEX ix_workflow_triggers_company_id ON workflow_triggers (company_id);
CREATE INDEX ix_workflow_triggers_workflow_id ON workflow_triggers (workflow_id);

-- An organization pays for its executions.
CREATE TABLE executions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  organization_id uuid REFERENCES organizations (id) ON DELETE SET NULL,
  trigger_id uuid REFERENCES workflow_triggers (id) ON DELETE SET NULL,
  started_by uuid REFERENCES users (id) ON DELETE SET NULL,
  status execution_status NOT NULL DEFAULT 'pending',
  input jsonb NOT NULL DEFAULT '{}',
  output jsonb,
  error text,
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_executions_workflow_id_created_at ON executions (workflow_id, created_at);
CREATE INDEX ix_executions_company_id ON executions (company_id);
CREATE INDEX ix_executions_organization_id ON executions (organization_id);
CREATE INDEX ix_executions_trigger_id ON executions (trigger_id);
CREATE INDEX ix_executions_started_by ON executions (started_by);
CREATE INDEX ix_executions_open ON executions (status) WHERE status IN ('pending', 'running');

CREATE TABLE execution_nodes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  execution_id uuid NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
  node_id uuid REFERENCES workflow_nodes (id) ON DELETE SET NULL,
  status execution_status NOT NULL DEFAULT 'pending',
  output jsonb,
  error text,
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_execution_nodes_execution_id ON execution_nodes (execution_id);
CREATE INDEX ix_execution_nodes_node_id ON execution_nodes (node_id);

-- cmig:upgrade sqlite
CREATE TABLE workflow_triggers (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  type TEXT NOT NULL CHECK (type IN ('schedule', 'event', 'manual')),
  schedule TEXT,
  event_filter TEXT CHECK (event_filter IS NULL OR json_valid(event_filter)),
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  deleted_at TEXT,
  CONSTRAINT workflow_triggers_schedule CHECK ((type = 'schedule') = (schedule IS NOT NULL))
);
CREATE INDEX ix_workflow_triggers_company_id ON workflow_triggers (company_id);
CREATE INDEX ix_workflow_triggers_workflow_id ON workflow_triggers (workflow_id);

-- An organization pays for its executions.
CREATE TABLE executions (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  organization_id TEXT REFERENCES organizations (id) ON DELETE SET NULL,
  trigger_id TEXT REFERENCES workflow_triggers (id) ON DELETE SET NULL,
  started_by TEXT REFERENCES users (id) ON DELETE SET NULL,
  status TEXT NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'completed', 'failed', 'skipped', 'cancelled')),
  input TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(input)),
  output TEXT CHECK (output IS NULL OR json_valid(output)),
  error TEXT,
  started_at TEXT,
  finished_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX ix_executions_workflow_id_created_at ON executions (workflow_id, created_at);
CREATE INDEX ix_executions_company_id ON executions (company_id);
CREATE INDEX ix_executions_organization_id ON executions (organization_id);
CREATE INDEX ix_executions_trigger_id ON executions (trigger_id);
CREATE INDEX ix_executions_started_by ON executions (started_by);
CREATE INDEX ix_executions_open ON executions (status) WHERE status IN ('pending', 'running');

CREATE TABLE execution_nodes (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
  node_id TEXT REFERENCES workflow_nodes (id) ON DELETE SET NULL,
  status TEXT NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'completed', 'failed', 'skipped', 'cancelled')),
  output TEXT CHECK (output IS NULL OR json_valid(output)),
  error TEXT,
  started_at TEXT,
  finished_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX ix_execution_nodes_execution_id ON execution_nodes (execution_id);
CREATE INDEX ix_execution_nodes_node_id ON execution_nodes (node_id);

-- cmig:downgrade
DROP TABLE execution_nodes;
DROP TABLE executions;
DROP TABLE workflow_triggers;
