-- revision: b5e7240fd9a6
-- down_revision: 68c3fa90e1d5
-- branch_labels: []
-- depends_on: []
-- message: keep updated_at current
-- create_date: 2026-02-17T10:41:53Z

-- cmig:upgrade postgresql
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END;
$$;

CREATE TRIGGER touch_companies BEFORE UPDATE ON companies
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_users BEFORE UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_workflows BEFORE UPDATE ON workflows
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_screenshots BEFORE UPDATE ON screenshots
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_steps BEFORE UPDATE ON steps
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_health_logs BEFORE UPDATE ON health_logs
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_notifications BEFORE UPDATE ON notifications
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_organizations BEFORE UPDATE ON organizations
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_organization_members BEFORE UPDATE ON organization_members
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_agents BEFORE UPDATE ON agents
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_tools BEFORE UPDATE ON tools
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_workflow_nodes BEFORE UPDATE ON workflow_nodes
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_workflow_triggers BEFORE UPDATE ON workflow_triggers
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_executions BEFORE UPDATE ON executions
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER touch_execution_nodes BEFORE UPDATE ON execution_nodes
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- cmig:upgrade sqlite
-- Only when the statement did not set it itself, which also ends the recursion.
CREATE TRIGGER touch_companies AFTER UPDATE ON companies
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE companies SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_users AFTER UPDATE ON users
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE users SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_workflows AFTER UPDATE ON workflows
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE workflows SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_screenshots AFTER UPDATE ON screenshots
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE screenshots SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_steps AFTER UPDATE ON steps
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE steps SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_health_logs AFTER UPDATE ON health_logs
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE health_logs SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_notifications AFTER UPDATE ON notifications
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE notifications SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_organizations AFTER UPDATE ON organizations
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE organizations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_organization_members AFTER UPDATE ON organization_members
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE organization_members SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_agents AFTER UPDATE ON agents
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE agents SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_tools AFTER UPDATE ON tools
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE tools SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_workflow_nodes AFTER UPDATE ON workflow_nodes
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE workflow_nodes SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_workflow_triggers AFTER UPDATE ON workflow_triggers
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE workflow_triggers SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_executions AFTER UPDATE ON executions
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE executions SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;
CREATE TRIGGER touch_execution_nodes AFTER UPDATE ON execution_nodes
WHEN NEW.updated_at = OLD.updated_at
BEGIN
  UPDATE execution_nodes SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = NEW.id;
END;

-- cmig:downgrade postgresql
DROP TRIGGER touch_execution_nodes ON execution_nodes;
DROP TRIGGER touch_executions ON executions;
DROP TRIGGER touch_workflow_triggers ON workflow_triggers;
DROP TRIGGER touch_workflow_nodes ON workflow_nodes;
DROP TRIGGER touch_tools ON tools;
DROP TRIGGER touch_agents ON agents;
DROP TRIGGER touch_organization_members ON organization_members;
DROP TRIGGER touch_organizations ON organizations;
DROP TRIGGER touch_notifications ON notifications;
DROP TRIGGER touch_health_logs ON health_logs;
DROP TRIGGER touch_steps ON steps;
DROP TRIGGER touch_screenshots ON screenshots;
DROP TRIGGER touch_workflows ON workflows;
DROP TRIGGER touch_users ON users;
DROP TRIGGER touch_companies ON companies;
DROP FUNCTION set_updated_at();

-- cmig:downgrade sqlite
DROP TRIGGER touch_execution_nodes;
DROP TRIGGER touch_executions;
DROP TRIGGER touch_workflow_triggers;
DROP TRIGGER touch_workflow_nodes;
DROP TRIGGER touch_tools;
DROP TRIGGER touch_agents;
DROP TRIGGER touch_organization_members;
DROP TRIGGER touch_organizations;
DROP TRIGGER touch_notifications;
DROP TRIGGER touch_health_logs;
DROP TRIGGER touch_steps;
DROP TRIGGER touch_screenshots;
DROP TRIGGER touch_workflows;
DROP TRIGGER touch_users;
DROP TRIGGER touch_companies;
