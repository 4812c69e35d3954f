-- revision: e13f6a2b95d7
-- down_revision: a7d40b8e6c19
-- branch_labels: []
-- depends_on: []
-- message: give every company an organization
-- create_date: 2025-12-10T16:48:20Z

-- cmig:upgrade
-- One organization per company, its users as members. Names are not unique, so the
-- slug is made from the id until somebody chooses a better one.
INSERT INTO organizations (company_id, name, slug)
SELECT id, name, 'company-' || CAST(id AS text)
FROM companies;

INSERT INTO organization_members (organization_id, user_id, role)
SELECT o.id, u.id, CASE u.role WHEN 'admin' THEN 'admin' ELSE 'member' END
FROM users u
JOIN organizations o ON o.company_id = u.company_id;

-- cmig:downgrade
DELETE FROM organization_members
WHERE organization_id IN (SELECT id FROM organizations WHERE company_id IS NOT NULL);
DELETE FROM organizations WHERE company_id IS NOT NULL;
