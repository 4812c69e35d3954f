/* Revision files: one SQL file is one revision. A header of YAML behind `-- ` comes first, then
 * sections, each begun by a line `-- cmig:upgrade …` or `-- cmig:downgrade …`.
 *
 *   -- revision: 8d1c0a4be2f7
 *   -- down_revision: 27c6a30d7c24     a list for a merge, null for a base
 *   -- branch_labels: []
 *   -- depends_on: []
 *   -- message: add agents table
 *   -- create_date: 2026-11-20T10:15:00Z
 *
 *   -- cmig:upgrade [DIALECT] [transaction=on|off] [substitute=on|off]
 *   -- cmig:downgrade [DIALECT] [transaction=on|off] [substitute=on|off]
 *   -- cmig:downgrade none "reason"    irreversible, and why
 */
#ifndef CMIG_SCRIPT_H
#define CMIG_SCRIPT_H

#include "cmig/config.h"
#include "cmig/dialect.h"
#include "cmig/graph.h"
#include "cmig/sql.h"

#include <glib.h>

/* Whether a section runs in a transaction. */
typedef enum {
    CMIG_SECTION_DETECT, /* unless one of its statements cannot */
    CMIG_SECTION_ON,     /* transaction=on */
    CMIG_SECTION_OFF,    /* transaction=off */
} CmigSectionTransaction;

typedef struct {
    gboolean upgrade;
    CmigDialect dialect; /* CMIG_DIALECT_ANY: for every database without a section of its own */
    CmigSectionTransaction transaction;
    gboolean substitute;   /* variables are put into the body: substitute=on */
    gboolean irreversible; /* `downgrade none` */
    char *reason;          /* of irreversible, NULL when none was given */
    guint marker_line;     /* line of the `-- cmig:` marker */
    guint first_line;      /* line on which the body begins */
    gsize start;           /* the body's bytes in `content` */
    gsize end;
} CmigSection;

typedef struct {
    CmigRevision *revision; /* from the header */
    GBytes *content;        /* the whole file, BOM dropped, NUL-terminated */
    GPtrArray *sections;    /* CmigSection */
} CmigScript;
void cmig_script_free(CmigScript *script);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigScript, cmig_script_free)

/* Parses a header alone. `text` may be only the beginning of the file: `*needs_more` is then set,
 * and TRUE returned without a revision, when the header does not end within it. With a NULL
 * `needs_more` it is the whole file. `text` need not end in a NUL. Cap: 64 KiB. Unknown keys (with
 * a suggestion), missing `revision` or `down_revision`, malformed ids and labels are
 * CMIG_ERROR_CONFIG with the place. */
gboolean cmig_script_parse_header(const char *text, gsize length, const char *path,
                                  CmigRevision **revision, gboolean *needs_more, GError **error);

/* A file whose header was given other parents. */
typedef struct {
    GBytes *content; /* the whole file */
    guint line;      /* that is changed */
    char *before;    /* the line as it was, without its end */
    char *after;
} CmigHeaderEdit;
void cmig_header_edit_clear(CmigHeaderEdit *edit);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigHeaderEdit, cmig_header_edit_clear)

/* Replaces the value of `down_revision` in the header of `content`, which is a whole file, by
 * `parents` (ids). Every other byte stays: line ends, byte order mark, comments. A header that does
 * not have it on one line is CMIG_ERROR_FAILED with the place; a broken one CMIG_ERROR_CONFIG.
 * Clear the edit. */
gboolean cmig_script_set_parents(GBytes *content, const char *path, const char *const *parents,
                                 CmigHeaderEdit *edit, GError **error);

/* Parses a whole file. A line that begins with `-- cmig:upgrade` or `-- cmig:downgrade` is a marker
 * wherever it stands, `-- cmig:ignore` is left in the body, any other `-- cmig:` is an error. So
 * are two sections for the same direction and dialect, none for upgrade, text before the first
 * section, unknown options, and NUL bytes. Errors: CMIG_ERROR_CONFIG with the place. */
gboolean cmig_script_parse(GBytes *content, const char *path, CmigScript **script, GError **error);

/* Reads and parses the file of a revision. Fails when its header no longer agrees with `revision`
 * (the file changed under the run). Cap: 256 MiB. */
gboolean cmig_script_open(const CmigRevision *revision, CmigScript **script, GError **error);

/* The section that runs on `dialect`: its own, else the one for any. NULL without an error when the
 * file has sections of that direction, but none for this dialect and none for any, is an error too:
 * a file must say what happens. No downgrade section, or `none`: CMIG_ERROR_FAILED "irreversible",
 * with the reason. */
gboolean cmig_script_find_section(const CmigScript *script, gboolean upgrade, CmigDialect dialect,
                                  const CmigSection **section, GError **error);

/* The section's body, scanned by the lexer with the right places, and whether it runs in a
 * transaction. A statement that cannot run in one is an error with transaction=on, and transaction
 * control is one unless transaction=off says that the section runs outside of one. With
 * substitute=on the values of `variables` (name -> value) are put into it (cmig_sql_substitute),
 * else it is as in the file. */
gboolean cmig_script_scan_section(const CmigScript *script, const CmigSection *section,
                                  CmigDialect dialect, GHashTable *variables, CmigSqlScript **sql,
                                  gboolean *transactional, GError **error);

/* SHA-256 of the section's bytes as they stand in the file, in hexadecimal. The caller frees. */
char *cmig_script_checksum(const CmigScript *script, const CmigSection *section);

/* The fingerprint (cmig_sql_fingerprint) of the section as it stands in the file, for `dialect`;
 * the caller frees. Errors, with NULL: it is not well-formed, as cmig_sql_scan. */
char *cmig_script_fingerprint(const CmigScript *script, const CmigSection *section,
                              CmigDialect dialect, GError **error);

/* Reads the headers of all revision files of the version locations, in Alembic's load order
 * (locations as configured, names sorted bytewise, subfolders only when recursive, after the
 * folder's own files), into a sealed graph. Files that do not end in `.sql` or begin with `.` are
 * not looked at; a file without a header is an error. A version location that does not exist is an
 * error; the default one may be missing when no configuration names it. */
gboolean cmig_script_load_graph(const CmigConfig *config, CmigGraph **graph, GError **error);

/* What lies in one version location, for a person who looks for a mistake. */
typedef struct {
    char *folder;
    GError *problem;    /* why it cannot be read, or NULL */
    guint files;        /* that load as revisions, or should */
    GPtrArray *broken;  /* GError: files that cannot be read to their end, each one */
    GPtrArray *strange; /* owned paths within the folder: what is no revision file; a folder that
                           is not looked into ends with / */
} CmigSurvey;

/* Looks at every file of every version location, to the last section, and goes on behind each
 * problem. An array of CmigSurvey, which the caller unrefs. */
GPtrArray *cmig_script_survey(const CmigConfig *config);

/* As above, but goes on behind a file that cannot be loaded: each problem is appended to `problems`
 * as a GError. FALSE when there is any; `*graph`, which the caller owns then too, has the files
 * that could be loaded, but is not sealed. */
gboolean cmig_script_load_what_can(const CmigConfig *config, CmigGraph **graph,
                                   GPtrArray *problems);

#endif
