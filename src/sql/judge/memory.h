/* What a plan made so far: objects that were not there before, and what its routines do. Internal
 * to this layer. */
#ifndef CMIG_SQL_JUDGE_MEMORY_H
#define CMIG_SQL_JUDGE_MEMORY_H

#include "sql/judge/act.h"

/* What happens when a routine is called: acts [first, end) of `acts`. */
typedef struct {
    GPtrArray *acts; /* CmigAct; held */
    guint first;
    guint end;
    char *schema;     /* as it was defined */
    char *parameters; /* as in cmig_act_arguments_fit */
    gboolean sure;    /* it is still the one that was defined */
    guint charged;    /* in which statement last, twice its number; one more = elsewhere */
} CmigRoutine;

typedef struct CmigMemory CmigMemory;
CmigMemory *cmig_memory_new(void);
void cmig_memory_free(CmigMemory *memory);

/* Whether the act's object was made by the plan. */
gboolean cmig_memory_owns(CmigMemory *memory, const CmigAct *act);

/* The same, or the part of it that the act names. */
gboolean cmig_memory_owns_part(CmigMemory *memory, const CmigAct *act);

/* Carries out CREATE, FORGET, RENAME, MOVE, BIND, FORGET_PATH, FORGET_ALL. `sure`: the act is known
 * to happen. What only may happen makes the memory shorter, never longer. */
void cmig_memory_apply(CmigMemory *memory, const CmigAct *act, gboolean sure);

/* What does not outlive the section: temporary tables, and bare names when the search path was
 * changed for it only. */
void cmig_memory_end_section(CmigMemory *memory);

/* DEFINE stands at `at` in `acts`; returns the index of its END, or the last. */
guint cmig_memory_define(CmigMemory *memory, GPtrArray *acts, guint at);

/* CmigRoutine of every definition that the name may mean, or NULL. Borrowed. */
const GPtrArray *cmig_memory_routines(CmigMemory *memory, CmigActKind kind, const char *name);

#endif
