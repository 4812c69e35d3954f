/* What a statement does, as the parser's process tells it: a row of acts. Judging them against what
 * the plan did before is the other process's. Internal to this layer. */
#ifndef CMIG_SQL_JUDGE_ACT_H
#define CMIG_SQL_JUDGE_ACT_H

#include "cmig/facts.h"

typedef enum {
    CMIG_ACT_TOUCH,  /* does something to an object; less bad when the plan made that */
    CMIG_ACT_SAY,    /* does something, whatever the plan made */
    CMIG_ACT_CREATE, /* there is an object, or a part of one, that was not there before */
    CMIG_ACT_FORGET, /* it is gone, or no longer known to be the plan's own */
    CMIG_ACT_RENAME, /* it is called `to` now */
    CMIG_ACT_MOVE,   /* it is in the schema `to` now */
    CMIG_ACT_BIND,   /* unless it is the plan's own, `part`.`to` is no longer either: it holds
                      * what was there before */
    CMIG_ACT_CALL,   /* calls a routine with the arguments `to`; level and flags are for one the
                      * plan did not define */
    CMIG_ACT_DEFINE, /* what follows, until END, happens when the routine with the parameters `to`
                      * is called */
    CMIG_ACT_END,
    CMIG_ACT_FORGET_PATH, /* bare names may mean other objects now */
    CMIG_ACT_ELSEWHERE,   /* bare names of this body mean other objects than outside of it */
    CMIG_ACT_FORGET_ALL,
    CMIG_ACT_VERBS,
} CmigActVerb;

typedef enum {
    CMIG_KIND_NONE,
    CMIG_KIND_TABLE,
    CMIG_KIND_FOREIGN_TABLE,
    CMIG_KIND_VIEW,
    CMIG_KIND_MATVIEW,
    CMIG_KIND_SEQUENCE,
    CMIG_KIND_INDEX,
    CMIG_KIND_TYPE,
    CMIG_KIND_DOMAIN,
    CMIG_KIND_SCHEMA,
    CMIG_KIND_DATABASE,
    CMIG_KIND_EXTENSION,
    CMIG_KIND_FUNCTION,
    CMIG_KIND_PROCEDURE,
    CMIG_KIND_AGGREGATE,
    CMIG_KIND_ROLE,
    CMIG_KIND_PREPARED,
    CMIG_KIND_OTHER,
    CMIG_KINDS,
} CmigActKind;

/* Which part of an object; columns and constraints may share a name. */
typedef enum {
    CMIG_PART_NONE,
    CMIG_PART_COLUMN,
    CMIG_PART_CONSTRAINT,
    CMIG_PART_TRIGGER,
    CMIG_PART_RULE,
    CMIG_PART_POLICY,
    CMIG_PARTS,
} CmigActPart;

typedef enum {
    CMIG_DEED_LOSES = 1 << 0,
    CMIG_DEED_REWRITES = 1 << 1,
    CMIG_DEED_SCANS = 1 << 2,
    CMIG_DEED_UNSURE =
        1 << 3, /* it may not happen: a body may be left early, or take another way */
    CMIG_DEED_DELETES = 1 << 4, /* rows, and those that refer to them with ON DELETE CASCADE */
    CMIG_DEED_EMPTIES = 1 << 5, /* the table, and all that refer to it */
    CMIG_DEED_RENAMES = 1 << 6,
    CMIG_DEED_ADDS_CHILD = 1 << 7,
} CmigActDeed;

typedef struct {
    guint8 verb;      /* CmigActVerb */
    guint8 level;     /* CmigLevel */
    guint8 flags;     /* CmigFactFlag */
    guint8 lock;      /* CmigLock */
    guint8 kind;      /* CmigActKind */
    guint8 part_kind; /* CmigActPart */
    guint8 deeds;     /* CmigActDeed */
    char *schema;
    char *name;
    char *part;
    char *to;
    char *what;
} CmigAct;

CmigAct *cmig_act_new(CmigActVerb verb, CmigActKind kind, const char *schema, const char *name);
void cmig_act_free(gpointer act);

/* "table"; static text. */
const char *cmig_act_kind_name(CmigActKind kind);

/* Kinds that share their names are of one class: a table and a view, a type and a domain. */
CmigActKind cmig_act_kind_class(CmigActKind kind);

/* What hangs on a table has these in the place of parameters and arguments: of rows that are added;
 * of those that are not. */
#define CMIG_ACT_ADDS    "+"
#define CMIG_ACT_CHANGES "-"

/* Whether a routine with these parameters takes these arguments, as far as can be told; either may
 * be NULL. */
gboolean cmig_act_arguments_fit(const char *parameters, const char *arguments);

/* What the parser's process answers about one statement, as a message of its own: `acts` of
 * CmigAct; NULL = not understood. */
void cmig_acts_pack(GPtrArray *acts, GByteArray *message);

/* Reads such a message. FALSE for what is none. */
gboolean cmig_acts_unpack(const guint8 *message, gsize size, GPtrArray **acts);

/* What the statements of `text` do, by PostgreSQL's grammar: CmigAct, or NULL when it has no such
 * statement. Pure, but what it parses may end the process. */
GPtrArray *cmig_acts_of(const char *text);

#endif
