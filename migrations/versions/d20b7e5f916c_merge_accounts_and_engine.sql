-- revision: d20b7e5f916c
-- down_revision: [90d6e4f1a82b, 1fa6c8047be3]
-- branch_labels: []
-- depends_on: []
-- message: merge accounts and engine
-- create_date: 2026-01-23T09:30:00Z

-- cmig:upgrade

-- cmig:downgrade
