/* The command line. Each command is one const record in its own cmd_<name>.c; dispatch, help,
 * manual pages and completion are made from the records and from nothing else. */
#ifndef CMIG_CLI_H
#define CMIG_CLI_H

#include "cmig/config.h"
#include "cmig/db.h"
#include "cmig/graph.h"
#include "cmig/run.h"

#include <glib.h>
#include <jansson.h>

/* What is loaded before the handler runs, in this order. */
typedef enum {
    CMIG_NEEDS_CONFIG = 1 << 0,
    CMIG_NEEDS_GRAPH = 1 << 1,    /* the revision files' headers */
    CMIG_NEEDS_DATABASE = 1 << 2, /* a connection; the guard has seen the URL */
    CMIG_WRITES = 1 << 3,         /* for the documentation: it may change a database */
    CMIG_HAS_JSON = 1 << 4,       /* --json is accepted */
    CMIG_ONE_DATABASE = 1 << 5,   /* -n can name one database only */
    CMIG_TELLS_CONFIG = 1 << 6,   /* runs also when the configuration cannot be loaded */
} CmigNeeds;

typedef struct {
    const char *command; /* what to type */
    const char *meaning;
} CmigExample;

/* What the command line and the files gave. */
typedef struct CmigApp {
    const struct CmigCommand *command;
    gboolean quiet;
    gboolean json;
    gboolean keep_going;
    char *shown_command;      /* the command line for a shell, without secrets */
    char *shown_operands;     /* the rest of it, from "--" on; or NULL */
    const char *const *names; /* -n, borrowed; NULL for none */
    CmigConfigRequest request;
    CmigConfig *config;
    GError *config_error; /* with CMIG_TELLS_CONFIG: why `config` is NULL */
    CmigGraph *graph;
    CmigVersionTable version_table;
    gint64 connect_deadline; /* as in CmigDbSettings */
    CmigDb *db;
} CmigApp;

typedef struct CmigCommand {
    const char *name;
    const char *group;
    const char *arguments;       /* of the synopsis, e.g. "TARGET"; "" for none */
    const char *summary;         /* one line, no full stop */
    const char *description;     /* paragraphs, separated by an empty line */
    const CmigExample *examples; /* ended by {NULL, NULL} */
    const int *exit_statuses;    /* besides 0 and 2; ended by 0 */
    guint needs;
    int min_arguments;
    int max_arguments; /* -1 = any number */
    const GOptionEntry
        *options;            /* bound to statics of the command's file; ended by {0}; may be NULL */
    const gboolean *offline; /* option with which no database is needed; may be NULL */
    gboolean (*run)(CmigApp *app, char **arguments, GError **error);
} CmigCommand;

/* All commands, in the order in which help shows them; groups stand together. Ended by NULL. */
extern const CmigCommand *const cmig_commands[];

/* Options that every command takes, ended by {0}. */
extern const GOptionEntry cmig_global_options[];

/* The command called `name`, also by Alembic's spelling with underscores; NULL when unknown. */
const CmigCommand *cmig_command_find(const char *name);

/* Parses the command line, loads what the command needs and runs it. Returns the exit status;
 * prints the one error. */
int cmig_main(int argc, char **argv);

/* Loads the configuration; with the URL judged by the guard if the command needs a database. */
gboolean cmig_app_load_config(CmigApp *app, GError **error);

/* Runs the command of an app whose configuration is loaded, and closes what it opened. */
gboolean cmig_app_run(CmigApp *app, char **arguments, GError **error);

/* Closes and frees what an app has. */
void cmig_app_clear(CmigApp *app);

/* Prints an error as every error is printed. */
void cmig_app_print_error(const GError *error);

/* Until it is called with NULL, what cmig_out_json() prints goes there instead. */
void cmig_out_json_to(json_t **sink);

/* targets.c: runs the command for each of several databases. The exit status. */
int cmig_targets_run(const CmigApp *app, const char *const *names, char **arguments);

/* Connects on first use, for commands that need a database only with some option. The guard checks
 * the URL first. */
gboolean cmig_app_open_database(CmigApp *app, GError **error);

/* Connects without asking the guard: for what only looks and tells what it would say. */
gboolean cmig_app_connect(CmigApp *app, GError **error);

/* The version rows, sorted, whatever they say; opens the database. */
gboolean cmig_app_read_rows(CmigApp *app, GPtrArray **rows, GError **error);

/* The version rows as revisions. */
gboolean cmig_app_current(CmigApp *app, GPtrArray **revisions, GError **error);

/* Standard output. Results only. */
void cmig_out(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Prints a JSON document with a newline and releases it. */
void cmig_out_json(json_t *value);

/* Standard error, unless --quiet. */
void cmig_say(const CmigApp *app, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Rendering of revisions, as Alembic prints them (scripts parse it). All results are owned by the
 * caller; text from files is escaped. `current` is an array of revisions or NULL. */

/* `<down> -> <rev> (labels) (head) (current) (branchpoint) (mergepoint)<mark>, message`; `mark` may
 * be NULL. */
char *cmig_render_history_line(const CmigRevision *revision, const GPtrArray *current,
                               const char *mark);
/* `<rev> (label) (head)`, as `heads` and `current` print it; markers of branch and merge points are
 * added when `with_points`. */
char *cmig_render_short(const CmigRevision *revision, gboolean with_labels, gboolean with_points);
/* The long form of `show` and `-v`: Rev (with `mark`, which may be NULL), Parent, Branches into,
 * Path, blank, message indented. */
char *cmig_render_long(const CmigRevision *revision, const GPtrArray *current, const char *mark);
/* `a, b -> c`: what "Running upgrade" prints; both sides may be empty. */
char *cmig_render_move(const CmigRevision *revision, CmigDirection direction);
/* What lists say about a revision: the first line of its message. */
char *cmig_render_summary(const CmigRevision *revision);
/* A text as JSON has it; what is not UTF-8 is escaped. NULL becomes null. */
json_t *cmig_render_json_text(const char *text);

/* One revision as a JSON object: revision, down_revision (list), depends_on, branch_labels,
 * branch_names (own and inherited labels), branches_into (list), message, create_date, path,
 * is_base, is_head, is_real_head, is_branch_point, is_merge_point, is_current (only when `current`
 * is given). */
json_t *cmig_render_json(const CmigRevision *revision, const GPtrArray *current);
/* Such objects for an array of revisions. */
json_t *cmig_render_json_list(const GPtrArray *revisions, const GPtrArray *current);

/* Help. */
char *cmig_help_overview(void);
char *cmig_help_command(const CmigCommand *command);
/* A manual page in man(7) source: of a command, of the program (`command` NULL), of alembic.yml. */
char *cmig_man_command(const CmigCommand *command);
char *cmig_man_configuration(void);
/* The completion script for "bash", "zsh" or "fish"; NULL for another shell. */
char *cmig_completion(const char *shell);

/* The observer that prints progress to standard error; borrows `app`. */
CmigRunObserver cmig_progress(CmigApp *app);

/* Ends the line of a running migration, so that another one can be printed. */
void cmig_progress_break(const CmigApp *app);

#endif
