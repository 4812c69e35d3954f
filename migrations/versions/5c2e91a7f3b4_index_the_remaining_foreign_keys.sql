-- revision: 5c2e91a7f3b4
-- down_revision: 0acd3e6b9445
-- branch_labels: []
-- depends_on: []
-- message: index the remaining foreign keys
-- create_date: 2025-12-02T14:31:07Z

-- cmig:upgrade
-- Deleting a user or a company scanned every table that points at it.
CREATE INDEX ix_screenshots_company_id ON screenshots (company_id);
CREATE INDEX ix_steps_edited_by ON steps (edited_by);
CREATE INDEX ix_health_logs_step_id ON health_logs (step_id);
CREATE INDEX ix_notifications_workflow_id ON notifications (workflow_id);
CREATE INDEX ix_notifications_read_by ON notifications (read_by);

-- cmig:upgrade postgresql transaction=off
-- The tables are large in production: build without blocking writers.
CREATE INDEX CONCURRENTLY ix_screenshots_company_id ON screenshots (company_id);
CREATE INDEX CONCURRENTLY ix_steps_edited_by ON steps (edited_by);
CREATE INDEX CONCURRENTLY ix_health_logs_step_id ON health_logs (step_id);
CREATE INDEX CONCURRENTLY ix_notifications_workflow_id ON notifications (workflow_id);
CREATE INDEX CONCURRENTLY ix_notifications_read_by ON notifications (read_by);

-- cmig:downgrade
DROP INDEX ix_notifications_read_by;
DROP INDEX ix_notifications_workflow_id;
DROP INDEX ix_health_logs_step_id;
DROP INDEX ix_steps_edited_by;
DROP INDEX ix_screenshots_company_id;

-- cmig:downgrade postgresql transaction=off
DROP INDEX CONCURRENTLY ix_notifications_read_by;
DROP INDEX CONCURRENTLY ix_notifications_workflow_id;
DROP INDEX CONCURRENTLY ix_health_logs_step_id;
DROP INDEX CONCURRENTLY ix_steps_edited_by;
DROP INDEX CONCURRENTLY ix_screenshots_company_id;
