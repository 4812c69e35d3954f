/* cmig plan: what a run would do, for whoever has to agree to it. */
#include "cli/commands.h"
#include "cli/review.h"

#include <string.h>

static gboolean downgrade;

static gboolean run_plan(CmigApp *app, char **arguments, GError **error)
{
    const char *target = arguments[0] != NULL ? arguments[0] : "heads";
    gboolean back = downgrade || *target == '-' || strcmp(target, "base") == 0;
    return cmig_review_print(app, back ? CMIG_DOWNGRADE : CMIG_UPGRADE, target, error);
}

static const GOptionEntry options[] = {
    {"downgrade", 0, 0, G_OPTION_ARG_NONE, &downgrade,
     "plan the way back to TARGET; -N and base always mean it", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig plan", "what `cmig upgrade heads` would do"},
    {"cmig plan +1", "the next revision alone"},
    {"cmig plan -1", "what `cmig downgrade -1` would do"},
    {"cmig plan 1975ea --downgrade", "the way back to a revision"},
    {"cmig plan --json", "for a review in a pipeline"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_plan = {
    .name = "plan",
    .group = CMIG_GROUP_LOOK,
    .arguments = "[TARGET]",
    .summary = "Show what an upgrade or downgrade would do, without doing it",
    .description =
        "Shows the revisions that `cmig upgrade TARGET` (by default: heads) would apply, in order, "
        "and of each statement that is worth a thought: where it stands, what it does, which locks "
        "it takes, whether it reads or rewrites a table and how large that is, and what cannot run "
        "in a transaction. Nothing is changed, no lock is taken, and rights to read are enough.\n\n"
        "Each statement has a level: 0 loses nothing; 1 loses a definition that can be made again, "
        "such as a view; 2 cannot be undone or weakens integrity or protection; 3 loses rows or "
        "columns; 4 loses everything there is, such as DROP SCHEMA. A downgrade is never below 2. "
        "A statement that cannot be judged, such as a DO block that composes its SQL, says so. "
        "Dropping what the same plan has created loses nothing. PostgreSQL's statements are judged "
        "by the server's own grammar, SQLite's by SQLite itself on an empty copy of the schema.\n\n"
        "The hash stands for exactly this plan: the files, their order, the values of "
        "variables and the database, which another one of the same name is not. `cmig upgrade "
        "TARGET --approve HASH` runs this plan and refuses any other: one person can review what "
        "another one runs.\n\n"
        "With --json one object is printed: direction, database, environment (name, reason, "
        "production), hash (null without steps), level, large (more rows are lost than "
        "guard.safe_below_rows, or nobody knows), opaque, cascade, not_in_transaction, privilege "
        "and steps. Each step has the keys of `cmig show --json`, direction, level, "
        "transactional, statements, checksum and facts; each fact statement, line, level, what, "
        "text, targets and the four of the plan; each target schema, name, kind, part, lock, "
        "loses, rewrites, scans, rows, rows_exact, bytes and referring_tables, whose rows are "
        "counted too. What is not known is null.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 75, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_HAS_JSON,
    .max_arguments = 1,
    .options = options,
    .run = run_plan,
};
