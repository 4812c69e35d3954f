/* Which parser of PostgreSQL's grammar is built in. */
#include "cmig/sql.h"

#include <pg_query.h>

const char *cmig_sql_parser(void)
{
    return PG_VERSION;
}
