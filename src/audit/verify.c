/* Walks the chain of hashes and tells where it is not what cmig wrote. */
#include "audit/columns.h"

#include "cmig/text.h"

#include <string.h>

enum {
    NEARBY = 64,           /* a row that was moved is known again when it was not further away */
    MOST_LOOKED_FOR = 100, /* rows for which that is tried */
};

typedef struct {
    const CmigAuditPlace *place;
    const char *wanted; /* the head that must be there, or NULL */
    gboolean met;
    void (*found)(const CmigAuditFinding *finding, gpointer data);
    gpointer data;
    CmigAuditVerdict *verdict;
    gint64 last; /* number of the row before; 0 = none */
    char *link;  /* its hash; NULL when it has none */
} Walk;

const char *cmig_audit_problem_name(CmigAuditProblem problem)
{
    static const char *const names[] = {
        [CMIG_AUDIT_EDITED] = "edited",       [CMIG_AUDIT_MISSING] = "missing",
        [CMIG_AUDIT_REORDERED] = "reordered", [CMIG_AUDIT_DUPLICATE] = "duplicate",
        [CMIG_AUDIT_UNLINKED] = "unlinked",   [CMIG_AUDIT_UNSEALED] = "unsealed",
        [CMIG_AUDIT_TRUNCATED] = "truncated",
    };
    return names[problem];
}

void cmig_audit_verdict_clear(CmigAuditVerdict *verdict)
{
    g_clear_pointer(&verdict->head, g_free);
}

static void report(Walk *walk, CmigAuditProblem problem, const char *id, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
static void report(Walk *walk, CmigAuditProblem problem, const char *id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = cmig_text_escape(text);
    g_autofree char *number = id != NULL ? cmig_text_escape(id) : NULL;
    CmigAuditFinding finding = {problem, number, shown};
    walk->verdict->findings++;
    walk->found(&finding, walk->data);
}

static gboolean has_hash(const CmigAuditRow *row, const char *hash)
{
    g_autofree char *computed = cmig_audit_row_hash(row);
    return strcmp(computed, hash) == 0;
}

/* The number with which the row's hash would be right, if it is near; else 0. */
static gint64 find_former_number(CmigAuditRow *row, gint64 id)
{
    char *own = row->cells[CMIG_COLUMN_ID];
    gint64 former = 0;
    gint64 end = MIN(id, G_MAXINT64 - NEARBY - 1) + NEARBY + 1;
    for (gint64 other = MAX(id - NEARBY, 1); former == 0 && other < end; other++) {
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, other);
        row->cells[CMIG_COLUMN_ID] = number;
        former = has_hash(row, row->cells[CMIG_COLUMN_HASH]) ? other : 0;
    }
    row->cells[CMIG_COLUMN_ID] = own;
    return former;
}

static void check_contents(Walk *walk, CmigAuditRow *row, gint64 id)
{
    const char *number = row->cells[CMIG_COLUMN_ID];
    if (row->damaged != 0) {
        guint column = 0;
        while ((row->damaged >> column & 1) == 0)
            column++;
        report(walk, CMIG_AUDIT_EDITED, number, "the column %s holds what cmig never writes",
               cmig_audit_columns[column].name);
        return;
    }
    if (has_hash(row, row->cells[CMIG_COLUMN_HASH]))
        return;
    gint64 former = walk->verdict->findings < MOST_LOOKED_FOR ? find_former_number(row, id) : 0;
    if (former > 0)
        report(walk, CMIG_AUDIT_REORDERED, number, "this was row %" G_GINT64_FORMAT, former);
    else
        report(walk, CMIG_AUDIT_EDITED, number, "its columns do not give its hash");
}

static void check_number(Walk *walk, const char *number, gint64 id)
{
    if (id == walk->last)
        report(walk, CMIG_AUDIT_DUPLICATE, number, "there is more than one row of this number");
    else if (id - walk->last == 2)
        report(walk, CMIG_AUDIT_MISSING, number, "row %" G_GINT64_FORMAT " is missing",
               walk->last + 1);
    else if (id - walk->last > 2)
        report(walk, CMIG_AUDIT_MISSING, number,
               "rows %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " are missing", walk->last + 1,
               id - 1);
}

static void check_link(Walk *walk, const CmigAuditRow *row, gint64 id)
{
    const char *previous = row->cells[CMIG_COLUMN_PREVIOUS];
    /* Behind a gap it cannot be right, and the gap was said. */
    if (id - walk->last != 1 || g_strcmp0(previous, walk->link) == 0)
        return;
    report(walk, CMIG_AUDIT_UNLINKED, row->cells[CMIG_COLUMN_ID],
           "its previous hash is not that of the row before it");
}

/* PostgreSQL computes it in scripts too: who takes it away hides what was edited. */
static gboolean may_lack_hash(const Walk *walk)
{
    return walk->place->dialect == CMIG_DIALECT_SQLITE;
}

static void take_hash(Walk *walk, CmigAuditRow *row, gint64 id)
{
    const char *number = row->cells[CMIG_COLUMN_ID];
    const char *hash = row->cells[CMIG_COLUMN_HASH];
    if (hash == NULL) {
        if (may_lack_hash(walk) && row->cells[CMIG_COLUMN_PREVIOUS] != NULL) {
            report(walk, CMIG_AUDIT_UNSEALED, number, "it has lost its hash");
            return; /* scripts know neither of the two */
        }
        if (!may_lack_hash(walk) && walk->verdict->unsealed == 0)
            report(walk, CMIG_AUDIT_UNSEALED, number, "it has no hash");
        walk->verdict->unsealed++;
        return;
    }
    if (walk->verdict->unsealed > 0)
        report(walk, CMIG_AUDIT_UNSEALED, number, "it has a hash, but rows before it have none");
    walk->verdict->unsealed = 0;
    check_contents(walk, row, id);
    check_link(walk, row, id);
    walk->met = walk->met || g_strcmp0(hash, walk->wanted) == 0;
    g_free(walk->verdict->head);
    walk->verdict->head = g_strdup(hash);
}

static void take_row(CmigAuditRow *row, gpointer data)
{
    Walk *walk = data;
    const char *number = row->cells[CMIG_COLUMN_ID];
    gint64 id = number != NULL ? g_ascii_strtoll(number, NULL, 10) : 0;
    walk->verdict->rows++;
    if (id < 1) {
        report(walk, CMIG_AUDIT_EDITED, number, "its number is one that cmig never gives");
        return;
    }
    check_number(walk, number, id);
    take_hash(walk, row, id);
    walk->last = id;
    g_free(walk->link);
    walk->link = g_strdup(row->cells[CMIG_COLUMN_HASH]);
}

gboolean cmig_audit_verify(CmigDb *db, const CmigAuditPlace *place, gboolean exists,
                           const char *head,
                           void (*found)(const CmigAuditFinding *finding, gpointer data),
                           gpointer data, CmigAuditVerdict *verdict, GError **error)
{
    CmigAuditVerdict result = {0};
    Walk walk = {.place = place,
                 .wanted = head,
                 .met = head == NULL,
                 .found = found,
                 .data = data,
                 .verdict = &result,
                 .link = cmig_audit_genesis(place->version_table)};
    gboolean ok =
        !exists || cmig_audit_walk(db, place, &(CmigAuditFilter){0}, take_row, &walk, error);
    if (ok && !walk.met)
        report(&walk, CMIG_AUDIT_TRUNCATED, NULL,
               "no row has the hash %s: rows behind it were removed, or all were written anew",
               head);
    if (!may_lack_hash(&walk))
        result.unsealed = 0; /* these are findings */
    g_free(walk.link);
    if (ok)
        *verdict = result;
    else
        cmig_audit_verdict_clear(&result);
    return ok;
}
