/* A project in git for tests: revision files in the folder `m` of the repository `r`. The function
 * `rev ID DOWN [BODY [EXTRA]]` of the shell writes one. */
#ifndef PROJECT_FIXTURE_H
#define PROJECT_FIXTURE_H

#include "git_fixture.h"

#include "cmig/config.h"
#include "cmig/script.h"

/* For the beginning of a test's commands: a repository with the revisions a and b, in which `main`
 * is checked out as `topic`. */
#define PROJECT                                                                                    \
    "rev() { printf -- '-- revision: %s\\n-- down_revision: %s\\n%b-- message: m\\n\\n"            \
    "-- cmig:upgrade\\n%b\\n-- cmig:downgrade\\n' \"$1\" \"$2\" \"${4-}\" \"${3-}\" >m/$1.sql; };" \
    "commit() { git add -A; git commit -q --allow-empty -m \"${1-x}\"; };"                         \
    "git init -q r; cd r; mkdir m; rev a null; rev b a; commit; git checkout -qb topic;"

/* A configuration of the folder `m`, and what it holds; both owned by the caller. */
static G_GNUC_UNUSED void load_project(CmigConfig **config, CmigGraph **graph)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *location = git_path("r/m");
    *config = g_new0(CmigConfig, 1);
    (*config)->file = g_strdup("alembic.yml");
    (*config)->directory = git_path("r");
    (*config)->version_locations = g_strsplit(location, "\n", 1);
    ck_assert_msg(cmig_script_load_graph(*config, graph, &error), "%s",
                  error ? error->message : "");
}

#endif
