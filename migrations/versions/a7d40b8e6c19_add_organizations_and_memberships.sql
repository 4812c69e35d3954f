-- revision: a7d40b8e6c19
-- down_revision: 5c2e91a7f3b4
-- branch_labels: accounts
-- depends_on: []
-- message: add organizations and memberships
-- create_date: 2025-12-09T10:02:55Z

-- cmig:upgrade postgresql
ALTER TABLE users
  ADD COLUMN is_active boolean NOT NULL DEFAULT true,
  ADD COLUMN is_super_admin boolean NOT NULL DEFAULT false;

CREATE TABLE organizations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id uuid REFERENCES companies (id) ON DELETE SET NULL,
  name text NOT NULL,
  slug text NOT NULL,
  description text,
  subscription_tier text NOT NULL DEFAULT 'free'
   
    CHECK (subscription_tier IN ('free', 'team', 'enterprise')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ix_organizations_slug ON organizations (slug);
CREATE UNIQUE INDEX ix_organizations_company_id ON organizations (company_id);

CREATE TABLE organization_members (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  permissions jsonb NOT NULL DEFAULT '[]',
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, user_id)
);
CREATE INDEX ix_organization_members_user_id ON organization_members (user_id);

-- cmig:upgrade sqlite
ALTER TABLE users ADD COLUMN is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1));
ALTER TABLE users ADD COLUMN is_super_admin INTEGER NOT NULL DEFAULT 0
  CHECK (is_super_admin IN (0, 1));

CREATE TABLE organizations (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  company_id TEXT REFERENCES companies (id) ON DELETE SET NULL,
  name TEXT NOT NULL,
  slug TEXT NOT NULL,
  description TEXT,
  subscription_tier TEXT NOT NULL DEFAULT 'free'
   
    CHECK (subscription_tier IN ('free', 'team', 'enterprise')),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE UNIQUE INDEX ix_organizations_slug ON organizations (slug);
CREATE UNIQUE INDEX ix_organizations_company_id ON organizations (company_id);

CREATE TABLE organization_members (
  id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  permissions TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(permissions)),
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  UNIQUE (organization_id, user_id)
);
CREATE INDEX ix_organization_members_user_id ON organization_members (user_id);

-- cmig:downgrade
DROP TABLE organization_members;
DROP TABLE organizations;
ALTER TABLE users DROP COLUMN is_super_admin;
ALTER TABLE users DROP COLUMN is_active;
