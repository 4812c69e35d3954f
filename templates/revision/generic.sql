-- template: An empty upgrade and an empty downgrade.
-- revision: ${revision}
-- down_revision: ${down_revision}
-- branch_labels: ${branch_labels}
-- depends_on: ${depends_on}
-- message: ${message}
-- create_date: ${create_date}

-- cmig:upgrade
-- SQL that makes the change. It runs in one transaction, together with its row in the version
-- table. `-- cmig:upgrade postgresql` or `sqlite` begins a section for that database alone;
-- `transaction=off` behind it runs statement by statement.


-- cmig:downgrade
-- SQL that takes the change back. If it cannot be: -- cmig:downgrade none "why"

