-- revision: 7e95b3d2604f
-- down_revision: c48a1f7e03d9
-- branch_labels: []
-- depends_on: []
-- message: add agents, tools and workflow nodes
-- create_date: 2026-01-14T17:05:38Z

-- cmig:upgrade postgresql
CREATE TABLE agents (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  name text NOT NULL,
  provider model_provider NOT NULL,
  auth_mode auth_mode NOT NULL,
  model text NOT NULL,
  instructions text NOT NULL DEFAULT '',
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX ix_agents_company_id_name ON agents (company_id, name) WHERE deleted_at IS NULL;

CREATE TABLE tools (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  name text NOT NULL,
  type tool_type NOT NULL,
  config jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX ix_tools_company_id_name ON tools (company_id, name) WHERE deleted_at IS NULL;

CREATE TABLE workflow_nodes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  type node_type NOT NULL,
  name text NOT NULL,
  agent_id uuid REFERENCES agents (id) ON DELETE SET NULL,
  tool_id uuid REFERENCES tools (id) ON DELETE SET NULL,
  config jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  CONSTRAINT workflow_nodes_agent CHECK (agent_id IS NULL OR type = 'agent'),
  CONSTRAINT workflow_nodes_tool CHECK (tool_id IS NULL OR type = 'tool')
);
CREATE INDEX ix_workflow_nodes_company_id ON workflow_nodes (company_id);
CREATE INDEX ix_workflow_nodes_workflow_id ON workflow_nodes (workflow_id);
CREATE INDEX ix_workflow_nodes_agent_id ON workflow_nodes (agent_id);
CREATE INDEX ix_workflow_nodes_tool_id ON workflow_nodes (tool_id);

CREATE TABLE workflow_edges (
  source_id uuid NOT NULL REFERENCES workflow_nodes (id) ON DELETE CASCADE,
  target_id uuid NOT NULL REFERENCES workflow_nodes (id) ON DELETE CASCADE,
  condition text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source_id, target_id),
  CHECK (source_id <> target_id)
);
CREATE INDEX ix_workflow_edges_target_id ON workflow_edges (target_id);

-- cmig:upgrade sqlite
CREATE TABLE agents (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  provider TEXT NOT NULL CHECK (provider IN ('anthropic', 'openai', 'glm')),
  auth_mode TEXT NOT NULL CHECK (auth_mode IN ('oauth', 'standalone', 'sdk', 'glm')),
  model TEXT NOT NULL,
  instructions TEXT NOT NULL DEFAULT '',
  settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  deleted_at TEXT
);
CREATE UNIQUE INDEX ix_agents_company_id_name ON agents (company_id, name) WHERE deleted_at IS NULL;

CREATE TABLE tools (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('http', 'mcp', 'python', 'shell', 'builtin')),
  config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  deleted_at TEXT
);
CREATE UNIQUE INDEX ix_tools_company_id_name ON tools (company_id, name) WHERE deleted_at IS NULL;

CREATE TABLE workflow_nodes (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
  workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  type TEXT NOT NULL
    CHECK (type IN ('trigger', 'tool', 'agent', 'condition', 'adapter', 'parallel', 'aggregator')),
  name TEXT NOT NULL,
  agent_id TEXT REFERENCES agents (id) ON DELETE SET NULL,
  tool_id TEXT REFERENCES tools (id) ON DELETE SET NULL,
  config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  deleted_at TEXT,
  CONSTRAINT workflow_nodes_agent CHECK (agent_id IS NULL OR type = 'agent'),
  CONSTRAINT workflow_nodes_tool CHECK (tool_id IS NULL OR type = 'tool')
);
CREATE INDEX ix_workflow_nodes_company_id ON workflow_nodes (company_id);
CREATE INDEX ix_workflow_nodes_workflow_id ON workflow_nodes (workflow_id);
CREATE INDEX ix_workflow_nodes_agent_id ON workflow_nodes (agent_id);
CREATE INDEX ix_workflow_nodes_tool_id ON workflow_nodes (tool_id);

CREATE TABLE workflow_edges (
  source_id TEXT NOT NULL REFERENCES workflow_nodes (id) ON DELETE CASCADE,
  target_id TEXT NOT NULL REFERENCES workflow_nodes (id) ON DELETE CASCADE,
  condition TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (source_id, target_id),
  CHECK (source_id <> target_id)
);
CREATE INDEX ix_workflow_edges_target_id ON workflow_edges (target_id);

-- cmig:downgrade
DROP TABLE workflow_edges;
DROP TABLE workflow_nodes;
DROP TABLE tools;
DROP TABLE agents;
