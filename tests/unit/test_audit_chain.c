/* The chain of the audit table: PostgreSQL, SQLite and C make the same canonical JSON and the same
 * hash of a row, whatever its texts are; and the walk over the chain finds what was done to it. */
#include "cmig/audit_log.h"
#include "db_fixture.h"

typedef struct {
    const char *text; /* as it is written */
    const char *json; /* as it stands in canonical JSON; NULL: as it is */
    const char *kept; /* as it is read; NULL: as it was written */
} TextCase;

static const TextCase texts[] = {
    {"", NULL, NULL},
    {"plain text", NULL, NULL},
    {"'quoted' \"twice\"", "'quoted' \\\"twice\\\"", NULL},
    {"back\\slash \\' \\u0041 \\", "back\\\\slash \\\\' \\\\u0041 \\\\", NULL},
    {"\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f",
     "\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f", NULL},
    {"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
     "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c"
     "\\u001d\\u001e\\u001f",
     NULL},
    {"\x7f / < > & $$ %s %n ? :x", NULL, NULL},
    {"\u00e9\u65e5\u672c\xc2\x80\u2028\u2029\ufeff\ufffd\ufffe", NULL, NULL},
    {"\U0001F600 \U0010FFFF", NULL, NULL},
    {"e\u0301 is not \u00e9", NULL, NULL},
    {"bad \xff\xfe end", "bad \ufffd\ufffd end", "bad \ufffd\ufffd end"},
    {"cut \xe6\x97", "cut \ufffd\ufffd", "cut \ufffd\ufffd"},
    {"--\n/* */ ; COMMIT; '); DROP TABLE cmig_audit; --",
     "--\\n/* */ ; COMMIT; '); DROP TABLE cmig_audit; --", NULL},
};

static CmigDb *db;
static char *table;
static CmigAuditContext context;
static CmigAuditPlace place;

static void setup(CmigDialect dialect)
{
    fixture_setup(dialect);
    fixture.settings.audit_table = cmig_audit_table_name;
    db = fixture_connect();
    table = cmig_audit_table(db->table_schema);
    context = cmig_audit_context();
    place = (CmigAuditPlace){.dialect = dialect,
                             .table = table,
                             .version_table = "it's",
                             .context = &context,
                             .seals = TRUE};
    g_autofree char *create = cmig_audit_create_sql(&place);
    if (dialect == CMIG_DIALECT_SQLITE)
        fixture_execute(create);
    else
        ck_assert(cmig_db_execute(db, create, NULL));
}

static void setup_postgresql(void)
{
    setup(CMIG_DIALECT_POSTGRESQL);
}

static void setup_sqlite(void)
{
    setup(CMIG_DIALECT_SQLITE);
}

static void teardown(void)
{
    cmig_db_close(db);
    g_free(table);
    fixture_teardown();
}

static void write_record(const CmigAuditRecord *record, char *hash)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) records = cmig_audit_records(&place, record, FALSE);
    CmigDbUnit unit = {
        .begins = TRUE, .commits = TRUE, .apart = TRUE, .records = (const char *const *)records};
    CmigDbOutcome outcome;
    ck_assert_msg(cmig_db_run(db, &unit, &outcome, &error), "%s", error ? error->message : "");
    if (hash != NULL)
        g_strlcpy(hash, outcome.returned, sizeof outcome.returned);
}

static GPtrArray *read_all(void)
{
    GPtrArray *rows = NULL;
    g_autoptr(GError) error = NULL;
    CmigAuditFilter filter = {0};
    ck_assert_msg(cmig_audit_read(db, &place, &filter, &rows, &error), "%s",
                  error ? error->message : "");
    return rows;
}

static void note_finding(const CmigAuditFinding *finding, gpointer data)
{
    g_string_append_printf(data, "%s%s %s", ((GString *)data)->len > 0 ? ", " : "",
                           finding->id != NULL ? finding->id : "-",
                           cmig_audit_problem_name(finding->problem));
}

/* The findings in one line. */
static char *verify(const char *head)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    CmigAuditVerdict verdict = {0};
    ck_assert_msg(cmig_audit_verify(db, &place, TRUE, head, note_finding, found, &verdict, &error),
                  "%s", error ? error->message : "");
    if (verdict.unsealed > 0)
        g_string_append_printf(found, " unsealed %d", (int)verdict.unsealed);
    cmig_audit_verdict_clear(&verdict);
    return g_strdup(found->str);
}

#define assert_findings(head, expected)                                                            \
    do {                                                                                           \
        g_autofree char *findings = verify(head);                                                  \
        ck_assert_str_eq(findings, expected);                                                      \
    } while (0)

START_TEST(agrees_on_texts)
{
    const TextCase *text = &texts[_i];
    const char *kept = text->kept != NULL ? text->kept : text->text;
    char hash[72] = "";
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_FAILED, "run");
    record.detail = text->text;
    record.revision = text->text;
    context.git_branch = text->text;
    write_record(&record, hash);
    write_record(&record, NULL);

    g_autoptr(GPtrArray) rows = read_all();
    ck_assert_uint_eq(rows->len, 2);
    const CmigAuditRow *row = rows->pdata[0];
    ck_assert_uint_eq(row->damaged, 0);
    ck_assert_str_eq(row->cells[CMIG_COLUMN_DETAIL], kept);
    ck_assert_str_eq(row->cells[CMIG_COLUMN_GIT_BRANCH], kept);
    ck_assert_str_eq(row->cells[CMIG_COLUMN_HASH], hash);
    g_autofree char *computed = cmig_audit_row_hash(row);
    ck_assert_str_eq(computed, hash);
    g_autofree char *json = cmig_audit_row_json(row, FALSE);
    g_autofree char *member = g_strdup_printf(",\"detail\":\"%s\",\"direction\":null,",
                                              text->json != NULL ? text->json : kept);
    ck_assert_msg(strstr(json, member) != NULL, "%s is not in %s", member, json);
    assert_findings(NULL, "");
    assert_findings(hash, "");
}
END_TEST

/* The whole of a row, so that the form cannot change unseen: times are the only thing that is put
 * in. */
START_TEST(has_this_form)
{
    context = (CmigAuditContext){.environment = "staging",
                                 .confirmed = "--yes",
                                 .reason = "why",
                                 .plan = "p",
                                 .os_user = "u",
                                 .host = "h",
                                 .application = "a",
                                 .tool = "cmig 1",
                                 .git_commit = "c",
                                 .git_branch = "b",
                                 .git_dirty = 1,
                                 .server_identity = "s"};
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_STATEMENT, "r");
    record.revision = "rev";
    record.direction = "upgrade";
    record.statement = 2;
    record.statements = 3;
    record.checksum = "cs";
    record.fingerprint = "fp";
    record.detail = "d";
    record.level = 0;
    record.duration = 1234567;
    record.rows = 7;
    record.sqlstate = "00000";
    write_record(&record, NULL);
    g_autoptr(GPtrArray) rows = read_all();
    const CmigAuditRow *row = rows->pdata[0];
    const char *user = row->cells[CMIG_COLUMN_DB_USER];
    ck_assert_int_eq(user != NULL, fixture.dialect == CMIG_DIALECT_POSTGRESQL);
    g_autofree char *shown_user = user != NULL ? g_strdup_printf("\"%s\"", user) : g_strdup("null");
    /* printf 'cmig audit it'\''s' | sha256sum */
    g_autofree char *genesis = cmig_audit_genesis("it's");
    ck_assert_str_eq(genesis, "2e518ac0126c584e25ad36c0ef17d2de2868b8abd92015ab5024589a56343c69");
    g_autofree char *expected = g_strdup_printf(
        "{\"application\":\"a\",\"at\":\"%s\",\"checksum\":\"cs\",\"confirmed\":\"--yes\","
        "\"db_user\":%s,\"detail\":\"d\",\"direction\":\"upgrade\",\"duration_ms\":1234,"
        "\"environment\":\"staging\",\"event\":\"statement\",\"fingerprint\":\"fp\","
        "\"git_branch\":\"b\",\"git_commit\":\"c\",\"git_dirty\":1,\"host\":\"h\",\"id\":1,"
        "\"level\":0,\"os_user\":\"u\",\"plan\":\"p\",\"previous\":\"%s\",\"reason\":\"why\","
        "\"revision\":\"rev\",\"rows_affected\":7,\"run\":\"r\",\"server_identity\":\"s\","
        "\"sqlstate\":\"00000\",\"started_at\":\"%s\",\"statement\":2,\"statements\":3,"
        "\"tool\":\"cmig 1\",\"version_table\":\"it's\"}",
        row->cells[CMIG_COLUMN_AT], shown_user, genesis, row->cells[CMIG_COLUMN_STARTED_AT]);
    g_autofree char *json = cmig_audit_row_json(row, FALSE);
    ck_assert_str_eq(json, expected);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, expected, -1);
    ck_assert_str_eq(row->cells[CMIG_COLUMN_HASH], sum);
}
END_TEST

/* Names are sorted as RFC 8785 has it, and each column is in the JSON once. */
START_TEST(is_sorted)
{
    CmigAuditRow row = {0};
    g_autofree char *json = cmig_audit_row_json(&row, TRUE);
    g_auto(GStrv) members = g_strsplit(json, ",", -1);
    ck_assert_uint_eq(g_strv_length(members), CMIG_COLUMNS);
    for (gsize idx = 1; members[idx] != NULL; idx++) {
        const char *before = members[idx - 1] + (idx == 1 ? 1 : 0);
        g_autofree char *left = g_strndup(before, strcspn(before + 1, "\"") + 1);
        g_autofree char *right = g_strndup(members[idx], strcspn(members[idx] + 1, "\"") + 1);
        ck_assert_msg(strcmp(left, right) < 0, "%s before %s", left, right);
    }
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
    GString *text = g_string_new(NULL);
    for (guint idx = 0; idx < 5000; idx++)
        g_string_append(text, "\u65e5x");
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_FAILED, "run");
    record.detail = text->str;
    write_record(&record, NULL);
    g_autoptr(GPtrArray) rows = read_all();
    const char *kept = ((const CmigAuditRow *)rows->pdata[0])->cells[CMIG_COLUMN_DETAIL];
    ck_assert_uint_le(strlen(kept), 8200);
    ck_assert_uint_ge(strlen(kept), 8000);
    ck_assert(g_str_has_suffix(kept, "x\u2026") || g_str_has_suffix(kept, "\u65e5\u2026"));
    assert_findings(NULL, "");
    g_string_free(text, TRUE);
}
END_TEST

START_TEST(writes_ascii_where_it_must)
{
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_FAILED, "run");
    record.detail = "na\u00efve \U0001F600";
    place.ascii = TRUE;
    write_record(&record, NULL);
    g_autoptr(GPtrArray) rows = read_all();
    ck_assert_str_eq(((const CmigAuditRow *)rows->pdata[0])->cells[CMIG_COLUMN_DETAIL],
                     "na\\u{EF}ve \\u{1F600}");
}
END_TEST

static void write_many(guint count)
{
    for (guint idx = 0; idx < count; idx++) {
        CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_APPLIED, "run");
        g_autofree char *detail = g_strdup_printf("number %u", idx + 1);
        record.detail = detail;
        write_record(&record, NULL);
    }
}

#define HIDE "UPDATE cmig_audit SET hash = NULL, previous = NULL, detail = 'x'"

/* What somebody does to ten rows, and what is said of it. */
static const struct {
    const char *sql;
    const char *findings;
} attacks[] = {
    {"SELECT 1", ""},
    {"UPDATE cmig_audit SET detail = 'x' WHERE id = 5", "5 edited"},
    {"UPDATE cmig_audit SET detail = NULL WHERE id = 5", "5 edited"},
    {"UPDATE cmig_audit SET detail = detail || ' ' WHERE id = 10", "10 edited"},
    {"UPDATE cmig_audit SET level = 0 WHERE id = 1", "1 edited"},
    {"UPDATE cmig_audit SET hash = previous WHERE id = 5", "5 edited, 6 unlinked"},
    {"UPDATE cmig_audit SET hash = 'x' WHERE id = 10", "10 edited"},
    {"UPDATE cmig_audit SET hash = NULL WHERE id = 5", "5 unsealed, 6 unlinked"},
    {"UPDATE cmig_audit SET hash = NULL WHERE id = 10", "10 unsealed"},
    {"UPDATE cmig_audit SET hash = NULL, previous = NULL WHERE id = 10", " unsealed 1"},
    {HIDE, " unsealed 10"},
    {"UPDATE cmig_audit SET previous = hash WHERE id = 5", "5 edited, 5 unlinked"},
    {"UPDATE cmig_audit SET previous = NULL WHERE id = 1", "1 edited, 1 unlinked"},
    {"DELETE FROM cmig_audit WHERE id = 1", "2 missing"},
    {"DELETE FROM cmig_audit WHERE id IN (4, 5)", "6 missing"},
    {"DELETE FROM cmig_audit WHERE id = 10", ""}, /* --head tells */
    {"DELETE FROM cmig_audit", ""},
    {"UPDATE cmig_audit SET version_table = 'other' WHERE id = 3", "4 missing"},
    {"UPDATE cmig_audit SET id = id + 100 WHERE id = 3", "4 missing, 103 missing, 103 edited"},
    {"UPDATE cmig_audit SET id = 0 WHERE id = 3", "0 edited, 4 missing"},
    {"UPDATE cmig_audit SET id = -9223372036854775807 WHERE id = 3",
     "-9223372036854775807 edited, 4 missing"},
    {"UPDATE cmig_audit SET id = 9223372036854775807 WHERE id = 3",
     "4 missing, 9223372036854775807 missing, 9223372036854775807 edited"},
    {"UPDATE cmig_audit SET id = 99 WHERE id = 4; UPDATE cmig_audit SET id = 4 WHERE id = 5; "
     "UPDATE cmig_audit SET id = 5 WHERE id = 99",
     "4 reordered, 4 unlinked, 5 reordered, 5 unlinked, 6 unlinked"},
};

/* PostgreSQL computes hashes in scripts too: there none may be missing. */
static const char *findings_of(const char *sql, const char *findings)
{
    static const struct {
        const char *sql;
        const char *findings;
    } others[] = {
        {"UPDATE cmig_audit SET hash = NULL WHERE id = 5", "5 unsealed, 6 unsealed, 6 unlinked"},
        {"UPDATE cmig_audit SET hash = NULL, previous = NULL WHERE id = 10", "10 unsealed"},
        {HIDE, "1 unsealed"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(others); idx++)
        if (fixture.dialect == CMIG_DIALECT_POSTGRESQL && strcmp(others[idx].sql, sql) == 0)
            return others[idx].findings;
    return findings;
}

START_TEST(finds_attacks)
{
    write_many(10);
    char last[72] = "";
    g_autoptr(GPtrArray) rows = read_all();
    g_strlcpy(last, ((const CmigAuditRow *)rows->pdata[9])->cells[CMIG_COLUMN_HASH], sizeof last);
    assert_findings(last, "");
    fixture_execute(attacks[_i].sql);
    assert_findings(NULL, findings_of(attacks[_i].sql, attacks[_i].findings));
}
END_TEST

START_TEST(finds_what_is_cut_off)
{
    write_many(4);
    g_autoptr(GPtrArray) rows = read_all();
    const char *head = ((const CmigAuditRow *)rows->pdata[3])->cells[CMIG_COLUMN_HASH];
    const char *earlier = ((const CmigAuditRow *)rows->pdata[1])->cells[CMIG_COLUMN_HASH];
    fixture_execute("DELETE FROM cmig_audit WHERE id > 2");
    assert_findings(NULL, "");
    assert_findings(earlier, "");
    assert_findings(head, "- truncated");
    write_many(2);
    assert_findings(NULL, "");
    assert_findings(head, "- truncated");
    fixture_execute("DELETE FROM cmig_audit");
    assert_findings(earlier, "- truncated");
}
END_TEST

/* Rows as a script could leave them. */
static void insert_rows(guint first, guint last)
{
    g_autofree char *sql = g_strdup_printf(
        "WITH RECURSIVE s (g) AS (SELECT %u UNION ALL SELECT g + 1 FROM s WHERE g < %u) INSERT "
        "INTO cmig_audit (id, version_table, at, run, event) SELECT g, 'it''s', '2026-11-20', "
        "'r', 'applied' FROM s",
        first, last);
    fixture_execute(sql);
}

static void drop_key(void)
{
    fixture_execute("CREATE TABLE copy AS SELECT * FROM cmig_audit");
    fixture_execute("DROP TABLE cmig_audit");
    fixture_execute("ALTER TABLE copy RENAME TO cmig_audit");
}

static void count_row(CmigAuditRow *row, gpointer count)
{
    ck_assert_ptr_nonnull(row->cells[CMIG_COLUMN_EVENT]);
    ++*(guint *)count;
}

/* A page that ends among rows of one number loses none of them. */
START_TEST(walks_over_duplicates)
{
    static const guint limits[] = {0, 1, 1000, 1001, 1002, 1100};
    drop_key();
    insert_rows(1, 999);
    insert_rows(1000, 1000);
    insert_rows(1000, 1000);
    insert_rows(1000, 1100);
    for (gsize idx = 0; idx < G_N_ELEMENTS(limits); idx++) {
        g_autoptr(GError) error = NULL;
        guint count = 0;
        CmigAuditFilter filter = {.limit = limits[idx]};
        ck_assert(cmig_audit_walk(db, &place, &filter, count_row, &count, &error));
        ck_assert_uint_eq(count, limits[idx] > 0 ? limits[idx] : 1102);
    }
}
END_TEST

/* Without its key the table can hold a number twice; pages must not hide that. */
START_TEST(finds_duplicates)
{
    write_many(3);
    drop_key();
    fixture_execute("INSERT INTO cmig_audit SELECT * FROM cmig_audit WHERE id = 2");
    assert_findings(NULL, "2 duplicate");
    fixture_execute("UPDATE cmig_audit SET id = 2");
    g_autofree char *found = verify(NULL);
    ck_assert_msg(strstr(found, "2 duplicate") != NULL, "%s", found);
    fixture_execute("UPDATE cmig_audit SET id = NULL");
    g_autofree char *null = verify(NULL);
    ck_assert_ptr_nonnull(null);
}
END_TEST

START_TEST(walks_many_pages)
{
    write_many(2);
    insert_rows(3, 3500);
    gboolean sealed = fixture.dialect == CMIG_DIALECT_POSTGRESQL;
    assert_findings(NULL, sealed ? "3 unsealed" : " unsealed 3498");
    fixture_execute("DELETE FROM cmig_audit WHERE id IN (1000, 1001, 2001, 3000)");
    assert_findings(NULL, sealed ? "3 unsealed, 1002 missing, 2002 missing, 3001 missing"
                                 : "1002 missing, 2002 missing, 3001 missing unsealed 3494");
}
END_TEST

/* Values of other types than cmig's, which only SQLite lets in. */
START_TEST(finds_other_types)
{
    static const char *const attacks_on_types[] = {
        "UPDATE cmig_audit SET detail = x'00ff' WHERE id = 2",
        "UPDATE cmig_audit SET detail = CAST(detail AS BLOB) WHERE id = 2",
        "UPDATE cmig_audit SET detail = detail || char(0) || 'x' WHERE id = 2",
        "UPDATE cmig_audit SET level = 'many' WHERE id = 2",
        "UPDATE cmig_audit SET level = 1.5 WHERE id = 2",
        "UPDATE cmig_audit SET at = x'ff' WHERE id = 2",
    };
    write_many(3);
    fixture_execute(attacks_on_types[_i]);
    assert_findings(NULL, "2 edited");
}
END_TEST

START_TEST(survives_odd_numbers)
{
    write_many(3);
    fixture_execute("UPDATE cmig_audit SET id = 'text' WHERE id = 2");
    assert_findings(NULL, "3 missing, - edited");
    fixture_execute("UPDATE cmig_audit SET id = 1.5 WHERE id = 'text'");
    assert_findings(NULL, "- edited, 3 missing");
}
END_TEST

/* An offline script leaves rows without a hash; the next record seals them. */
START_TEST(seals_rows_of_scripts)
{
    write_many(2);
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_STAMPED, "script");
    CmigAuditPlace offline = place;
    offline.offline = TRUE;
    g_autofree char *insert = cmig_audit_insert_sql(&offline, &record);
    for (guint idx = 0; idx < 3; idx++)
        fixture_execute(insert);
    assert_findings(NULL, " unsealed 3");
    assert_query("SELECT count(*) FROM cmig_audit WHERE hash IS NULL AND previous IS NULL", "3");
    write_many(1);
    assert_findings(NULL, "");
    assert_query("SELECT count(*) FROM cmig_audit WHERE hash IS NULL", "0");

    fixture_execute("DELETE FROM cmig_audit");
    fixture_execute(insert);
    write_many(1);
    assert_findings(NULL, "");
    assert_query("SELECT max(id) FROM cmig_audit", "2");
}
END_TEST

static TCase *make_case(const char *name, void (*begin)(void))
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_loop_test(tests, agrees_on_texts, 0, G_N_ELEMENTS(texts));
    tcase_add_test(tests, has_this_form);
    tcase_add_test(tests, is_sorted);
    tcase_add_test(tests, cuts_what_is_too_long);
    tcase_add_test(tests, writes_ascii_where_it_must);
    tcase_add_loop_test(tests, finds_attacks, 0, G_N_ELEMENTS(attacks));
    tcase_add_test(tests, finds_what_is_cut_off);
    tcase_add_test(tests, walks_over_duplicates);
    tcase_add_test(tests, finds_duplicates);
    tcase_add_test(tests, walks_many_pages);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("audit_chain");
    TCase *sqlite = make_case("sqlite", setup_sqlite);
    tcase_add_loop_test(sqlite, finds_other_types, 0, 6);
    tcase_add_test(sqlite, survives_odd_numbers);
    tcase_add_test(sqlite, seals_rows_of_scripts);
    suite_add_tcase(suite, sqlite);
    suite_add_tcase(suite, make_case("postgresql", setup_postgresql));
    return fixture_main(suite);
}
