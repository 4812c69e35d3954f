/* What the statements of a plan would do, before any of them runs: what is lost, which locks are
 * taken, what cannot be judged. A judgement is never the condition for running by itself: the guard
 * decides what must be confirmed. Where a judge is not sure it says more, never less. */
#ifndef CMIG_FACTS_H
#define CMIG_FACTS_H

#include "cmig/sql.h"

#include <glib.h>

/* How destructive a statement is. A file, and a run, is as destructive as its worst statement. */
typedef enum {
    CMIG_LEVEL_NONE,       /* 0: nothing is lost */
    CMIG_LEVEL_DEFINITION, /* 1: a definition that can be made again: a view, an index */
    CMIG_LEVEL_WEAKER,     /* 2: cannot be undone, or integrity or protection is weaker */
    CMIG_LEVEL_DATA,       /* 3: rows or columns are lost */
    CMIG_LEVEL_UNBOUNDED,  /* 4: whatever there is: a schema, a database, what a role owns */
} CmigLevel;

typedef enum {
    CMIG_FACT_OPAQUE = 1 << 0,    /* it may do what cannot be seen: dynamic SQL, unknown syntax */
    CMIG_FACT_CASCADE = 1 << 1,   /* takes along what depends on its targets */
    CMIG_FACT_ALONE = 1 << 2,     /* cannot run in a transaction */
    CMIG_FACT_PRIVILEGE = 1 << 3, /* rights, owners, policies, settings of the server */
} CmigFactFlag;

/* Lock modes of PostgreSQL, weakest first. */
typedef enum {
    CMIG_LOCK_NONE,
    CMIG_LOCK_ACCESS_SHARE,
    CMIG_LOCK_ROW_SHARE,
    CMIG_LOCK_ROW_EXCLUSIVE,
    CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE,
    CMIG_LOCK_SHARE,
    CMIG_LOCK_SHARE_ROW_EXCLUSIVE,
    CMIG_LOCK_EXCLUSIVE,
    CMIG_LOCK_ACCESS_EXCLUSIVE,
} CmigLock;

/* "ACCESS EXCLUSIVE"; "" for none. Static text. */
const char *cmig_lock_name(CmigLock lock);

/* Which tables with foreign keys to one that loses rows lose some with it. */
typedef enum {
    CMIG_REFERRING_NONE,
    CMIG_REFERRING_BY_RULE, /* those with ON DELETE CASCADE, SET NULL or SET DEFAULT */
    CMIG_REFERRING_ALL,     /* TRUNCATE … CASCADE */
} CmigReferring;

/* An object that a statement names, or is known to touch. Names are as the database stores them,
 * without quotes and unescaped. */
typedef struct {
    char *schema; /* NULL = by the search path, or there are none */
    char *name;
    const char *kind;        /* "table", "view", "index", "schema" …; static text */
    char *part;              /* the column, constraint or trigger of it, or NULL */
    CmigLock lock;           /* NONE where the driver has no such modes */
    gboolean loses;          /* rows or columns of it are lost: how large it is matters */
    CmigReferring referring; /* NONE also where such tables are targets of their own */
    gboolean rewrites;       /* every row is written anew */
    gboolean scans;          /* every row is read while the lock is held */
    gboolean renamed;        /* targets of later statements have another name for it */
} CmigFactTarget;

typedef struct {
    guint statement; /* index in the script */
    CmigLevel level;
    guint flags;        /* CmigFactFlag */
    char *what;         /* for people: "drops the table public.agents"; unescaped, one line */
    GPtrArray *targets; /* CmigFactTarget; empty when nothing is known */
} CmigFact;
CmigFactTarget *cmig_fact_target_new(const char *schema, const char *name, const char *kind);
CmigFact *cmig_fact_new(guint statement);
void cmig_fact_free(CmigFact *fact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigFact, cmig_fact_free)

/* The table of the audit log. A plan that writes to it, or renames it, could make the next run take
 * the database for another environment: that is of the level of lost data. */
#define CMIG_FACT_RECORDS "cmig_audit"

/* Judges the sections of one plan in their order. It remembers what they create, so that dropping
 * it again is no loss, and what the bodies of their functions do, which counts where they are
 * called. */
typedef struct CmigJudge CmigJudge;
struct CmigJudge {
    GPtrArray *(*facts)(CmigJudge *judge, const CmigSqlScript *script);
    void (*free)(CmigJudge *judge);
};

/* Facts about the statements of the next section, in their order: one for each statement of which
 * there is something to say (a level, a flag, a lock that blocks somebody); a long row of alike
 * statements may share one. Never fails. The caller unrefs the array of CmigFact. */
GPtrArray *cmig_judge_facts(CmigJudge *judge, const CmigSqlScript *script);
void cmig_judge_free(CmigJudge *judge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigJudge, cmig_judge_free)

/* A judge by PostgreSQL's own grammar, that of 15: what it does not know is opaque on every server.
 * The parser works in a process of its own: what kills it does not kill this one. `home` is the
 * schema of the version table, which is not renamed lightly, or NULL. */
CmigJudge *cmig_judge_new_postgresql(const char *home);

/* A judge by the words of the statements alone, for what no parser understands: never below level 2
 * for what it does not know, and opaque. A script says its dialect itself. */
CmigJudge *cmig_judge_new_words(void);

/* SHA-256 over the tokens of a section, in hexadecimal: the same as long as only comments, white
 * space and the case of bare words change. The caller frees. */
char *cmig_sql_fingerprint(const CmigSqlScript *script);

#endif
