/* The records of all commands, each defined in its own cmd_<name>.c. */
#ifndef CMIG_COMMANDS_H
#define CMIG_COMMANDS_H

#include "cli/cli.h"

extern const CmigCommand cmig_cmd_init;
extern const CmigCommand cmig_cmd_list_templates;

extern const CmigCommand cmig_cmd_repair;
extern const CmigCommand cmig_cmd_revision;
extern const CmigCommand cmig_cmd_merge;
extern const CmigCommand cmig_cmd_rebase;
extern const CmigCommand cmig_cmd_edit;

extern const CmigCommand cmig_cmd_upgrade;
extern const CmigCommand cmig_cmd_downgrade;
extern const CmigCommand cmig_cmd_stamp;
extern const CmigCommand cmig_cmd_ensure_version;
extern const CmigCommand cmig_cmd_environment;
extern const CmigCommand cmig_cmd_accept;

extern const CmigCommand cmig_cmd_current;
extern const CmigCommand cmig_cmd_history;
extern const CmigCommand cmig_cmd_heads;
extern const CmigCommand cmig_cmd_branches;
extern const CmigCommand cmig_cmd_show;
extern const CmigCommand cmig_cmd_wait;
extern const CmigCommand cmig_cmd_audit;
extern const CmigCommand cmig_cmd_doctor;
extern const CmigCommand cmig_cmd_check;
extern const CmigCommand cmig_cmd_plan;

extern const CmigCommand cmig_cmd_help;
extern const CmigCommand cmig_cmd_version;
extern const CmigCommand cmig_cmd_completion;

/* As cmig_command_find; an unknown name is CMIG_ERROR_USAGE with a suggestion. */
gboolean cmig_command_require(const char *name, const CmigCommand **command, GError **error);

/* The groups, for `group` of a record. */
#define CMIG_GROUP_START  "Start a project"
#define CMIG_GROUP_WRITE  "Write revisions"
#define CMIG_GROUP_CHANGE "Change a database"
#define CMIG_GROUP_LOOK   "Look"
#define CMIG_GROUP_HELP   "Help"

#endif
