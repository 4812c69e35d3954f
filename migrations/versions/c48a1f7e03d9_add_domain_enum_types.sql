-- revision: c48a1f7e03d9
-- down_revision: 5c2e91a7f3b4
-- branch_labels: engine
-- depends_on: []
-- message: add domain enum types
-- create_date: 2026-01-12T13:40:09Z

-- cmig:upgrade postgresql
CREATE TYPE node_type AS ENUM (
  'trigger', 'tool', 'agent', 'condition', 'adapter', 'parallel', 'aggregator'
);
CREATE TYPE tool_type AS ENUM ('http', 'mcp', 'python', 'shell', 'builtin');
CREATE TYPE model_provider AS ENUM ('anthropic', 'openai', 'glm');
CREATE TYPE execution_status AS ENUM (
  'pending', 'running', 'completed', 'failed', 'skipped', 'cancelled'
);
CREATE TYPE auth_mode AS ENUM ('oauth', 'standalone', 'sdk', 'glm');
CREATE TYPE trigger_type AS ENUM ('schedule', 'event', 'manual');

-- cmig:upgrade sqlite
-- SQLite has no enum types; the columns that use them are checked one by one.

-- cmig:downgrade postgresql
DROP TYPE trigger_type;
DROP TYPE auth_mode;
DROP TYPE execution_status;
DROP TYPE model_provider;
DROP TYPE tool_type;
DROP TYPE node_type;

-- cmig:downgrade sqlite
-- SQLite has no enum types; the columns that use them are checked one by one.
