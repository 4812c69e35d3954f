/* The judge of what statements would do to an SQLite database. */
#include "sqlite.h"

gboolean cmig_sqlite_judge(CmigDb *db, CmigJudge **judge, GError **error)
{
    (void)db;
    (void)error;
    *judge = cmig_judge_new_words(CMIG_DIALECT_SQLITE);
    return TRUE;
}
