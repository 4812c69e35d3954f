-- template: An index that is built without blocking writes on PostgreSQL.
-- revision: ${revision}
-- down_revision: ${down_revision}
-- branch_labels: ${branch_labels}
-- depends_on: ${depends_on}
-- message: ${message}
-- create_date: ${create_date}

-- The index is on ${name} (created_at): change table and column as needed.

-- cmig:upgrade postgresql transaction=off
CREATE INDEX CONCURRENTLY ${name}_created_at_idx ON ${name} (created_at);

-- cmig:upgrade sqlite
CREATE INDEX ${name}_created_at_idx ON ${name} (created_at);

-- cmig:downgrade postgresql transaction=off
DROP INDEX CONCURRENTLY ${name}_created_at_idx;

-- cmig:downgrade sqlite
DROP INDEX ${name}_created_at_idx;
