-- template: An enumeration: a type on PostgreSQL, a lookup table on SQLite.
-- revision: ${revision}
-- down_revision: ${down_revision}
-- branch_labels: ${branch_labels}
-- depends_on: ${depends_on}
-- message: ${message}
-- create_date: ${create_date}

-- cmig:upgrade postgresql
-- A column uses it as: status ${name} NOT NULL DEFAULT 'draft'
CREATE TYPE ${name} AS ENUM ('draft', 'active', 'archived');

-- cmig:upgrade sqlite
-- A column uses it as: status text NOT NULL DEFAULT 'draft' REFERENCES ${name} (value)
CREATE TABLE ${name} (
    value    text    PRIMARY KEY NOT NULL,
    position integer NOT NULL UNIQUE
);
INSERT INTO ${name} (value, position) VALUES
    ('draft', 1),
    ('active', 2),
    ('archived', 3);

-- cmig:downgrade postgresql
DROP TYPE ${name};

-- cmig:downgrade sqlite
DROP TABLE ${name};
