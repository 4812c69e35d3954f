/* cmig doctor: what cmig sees, for a person who has a problem and for a report of a bug. */
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"

static gboolean no_database;

typedef struct {
    const char *key; /* in JSON */
    const char *title;
    void (*examine)(CmigApp *app, GPtrArray *report);
} Section;

static const Section sections[] = {
    {"versions", "Versions", cmig_doctor_versions},
    {"configuration", "Configuration", cmig_doctor_configuration},
    {"files", "Files", cmig_doctor_files},
    {"environment", "Environment", cmig_doctor_environment},
    {"git", "Git", cmig_doctor_git},
    {"database", "Database", cmig_doctor_database},
};

static json_t *render_line(const CmigReportLine *line)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", cmig_render_json_text(line->name));
    json_object_set_new(object, "value", cmig_render_json_text(line->value));
    json_object_set_new(object, "source", cmig_render_json_text(line->source));
    json_object_set_new(object, "problem", cmig_render_json_text(line->problem));
    json_object_set_new(object, "hint", cmig_render_json_text(line->hint));
    return object;
}

static json_t *render_json(const GPtrArray *report)
{
    json_t *list = json_array();
    for (guint idx = 0; idx < report->len; idx++)
        json_array_append_new(list, render_line(report->pdata[idx]));
    return list;
}

static void print_part(const char *label, const char *text)
{
    if (text == NULL)
        return;
    g_autofree char *shown = cmig_text_escape(text);
    cmig_out("    %s%s\n", label, shown);
}

static void print_text(const char *title, const GPtrArray *report)
{
    glong width = 0;
    for (guint idx = 0; idx < report->len; idx++)
        width = MAX(width, g_utf8_strlen(((CmigReportLine *)report->pdata[idx])->name, -1));
    cmig_out("%s\n", title);
    for (guint idx = 0; idx < report->len; idx++) {
        const CmigReportLine *line = report->pdata[idx];
        g_autofree char *name = cmig_text_escape(line->name);
        g_autofree char *value = cmig_text_escape(line->value);
        g_autofree char *source = cmig_text_escape(line->source);
        int pad = (int)(width - g_utf8_strlen(name, -1));
        cmig_out("%c %s:%*s %s%s%s%s\n", line->problem != NULL ? '!' : ' ', name, MAX(pad, 0), "",
                 value, line->source != NULL ? " (" : "", source, line->source != NULL ? ")" : "");
        print_part("problem: ", line->problem);
        print_part("hint: ", line->hint);
    }
}

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    guint problems = 0;
    json_t *object = app->json ? json_object() : NULL;
    for (gsize idx = 0; idx < G_N_ELEMENTS(sections); idx++) {
        if (no_database && sections[idx].examine == cmig_doctor_database)
            continue;
        g_autoptr(GPtrArray) report = cmig_report_new();
        sections[idx].examine(app, report);
        if (cmig_interrupt_check(error)) {
            json_decref(object);
            return FALSE;
        }
        problems += cmig_report_count(report);
        if (app->json)
            json_object_set_new(object, sections[idx].key, render_json(report));
        else
            print_text(sections[idx].title, report);
    }
    if (app->json) {
        json_object_set_new(object, "problems", json_integer(problems));
        cmig_out_json(object);
    }
    if (problems == 0)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FINDINGS, "%u problem%s found", problems,
                problems == 1 ? "" : "s");
    return FALSE;
}

static const GOptionEntry options[] = {
    {"no-database", 0, 0, G_OPTION_ARG_NONE, &no_database, "leave the database out", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig doctor", "what is wrong here?"},
    {"cmig doctor --no-database", "without a connection"},
    {"cmig doctor --json >doctor.json", "for a report of a bug, or a script"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_doctor = {
    .name = "doctor",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "Show what cmig sees, and what is wrong with it",
    .description =
        "Looks at everything that a migration depends on and goes on behind each problem: versions "
        "of libraries, the configuration with the value of each key and where it came from, the "
        "revision files, which environment this is taken for, the git repository, and the "
        "database.\n\n"
        "On PostgreSQL: server and role, TLS, a pooler in between, the version table and its "
        "rights, who holds the lock of a run, timeouts, transactions of others that are open for "
        "longer than a minute or idle for 5 seconds, and what an earlier failure may have left: "
        "invalid indexes, constraints that were never validated, partitions detached in part, "
        "prepared transactions. On SQLite: the file and what lies beside it, who is writing, the "
        "journal, broken foreign keys, and whether the file is sound; a check that takes longer "
        "than 5 seconds is given up.\n\n"
        "A line that needs attention begins with an exclamation mark and has below it what is "
        "wrong and what to do; the exit status is then 4.\n\n"
        "What is printed can be shown to anybody: no password, no value of a variable, and of the "
        "statements of other sessions nothing but their beginning without strings and numbers. "
        "Names of hosts, users, folders and objects are in it.\n\n"
        "Nothing is written, no lock is taken, and a server that does not answer is given up after "
        "connect_timeout, or 10 seconds.\n\n"
        "With --json one object is printed: versions, configuration, files, environment, git "
        "and database, each a list of objects with name, value, source, problem and hint (null "
        "where there is none), and problems, their number.",
    .examples = examples,
    .exit_statuses = (const int[]){4, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_TELLS_CONFIG | CMIG_HAS_JSON,
    .options = options,
    .offline = &no_database,
    .run = run,
};
