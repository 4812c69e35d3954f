-- template: A table with a UUID key, timestamps and soft delete, for PostgreSQL and SQLite.
-- revision: ${revision}
-- down_revision: ${down_revision}
-- branch_labels: ${branch_labels}
-- depends_on: ${depends_on}
-- message: ${message}
-- create_date: ${create_date}

-- cmig:upgrade postgresql
CREATE TABLE ${name} (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(), -- before PostgreSQL 13: pgcrypto
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz -- set = deleted; the row stays
);

-- Finds what is deleted without weighing on what is not.
CREATE INDEX ${name}_deleted_at_idx ON ${name} (deleted_at) WHERE deleted_at IS NOT NULL;

-- cmig:upgrade sqlite
CREATE TABLE ${name} (
    id         text PRIMARY KEY NOT NULL DEFAULT (
        lower(
            hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4'
            || substr(hex(randomblob(2)), 2) || '-'
            || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-'
            || hex(randomblob(6))
        )
    ),
    name       text NOT NULL,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    deleted_at text -- set = deleted; the row stays
);

-- Finds what is deleted without weighing on what is not.
CREATE INDEX ${name}_deleted_at_idx ON ${name} (deleted_at) WHERE deleted_at IS NOT NULL;

-- cmig:downgrade
DROP TABLE ${name};
