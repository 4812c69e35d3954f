#!/bin/sh
# A PostgreSQL database as text that can be compared, on standard output; PGDATABASE names it.
#   tests/dump.sh [--schema-only] [--no-owner] [--exclude-table=NAME[*]]… [--exclude-schema=NAME]…
# That is what pg_dump says, or, where the server is newer than pg_dump, what psql and the catalogs say;
# the latter cannot be run. Status other than 0: there is no dump.
set -u

# Where psql asks, an excluded name stands for all that begins with it.
rows=1
excluded=
for option; do
    case $option in
    --schema-only) rows=0 ;;
    --exclude-table=* | --exclude-schema=*)
        name=${option#*=}
        excluded=${excluded:+$excluded|}${name%\*}
        ;;
    --no-owner) ;;
    *)
        echo "dump.sh: $option is not known" >&2
        exit 2
        ;;
    esac
done
excluded="\\m($excluded)"
[ "$excluded" != '\m()' ] || excluded='^$'

text=$(mktemp "${TMPDIR:-/tmp}/cmig-dump.XXXXXX") || exit 1
trap 'rm -f "$text" "$text.err"' EXIT
if pg_dump "$@" >"$text" 2>"$text.err"; then
    # Newer releases put a random key into the dump.
    sed '/^\\restrict /d; /^\\unrestrict /d' "$text"
    exit
fi
if ! grep -q 'server version mismatch' "$text.err"; then
    cat "$text.err" >&2
    exit 1
fi

# The relations; pg_class has one for each.
shown="(SELECT format('\"%s\".\"%s\"', replace(nspname, '\"', '\"\"'), replace(relname, '\"', '\"\"')) AS name, relkind AS kind,
        concat_ws(' ', relkind, reloptions, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, relowner)),
            relreplident, relrowsecurity, obj_description(c.oid, 'pg_class')) AS more
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE c.oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND nspname !~ '^pg_'
        AND concat(nspname, '.', relname) !~ '$excluded'
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e'))"
# The lists of all objects, functions and types; then commands that show each relation and its rows.
cat >"$text" <<'SQL'
SET client_min_messages = error;
SELECT DISTINCT o.type || ' ' || o.identity
    FROM pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) o
    WHERE d.objid >= 16384 AND o.identity !~ 'pg_toast|RI_ConstraintTrigger' AND o.identity !~ :'excluded' ORDER BY 1;
SELECT concat_ws(' ', 'schema', nspname, coalesce(nspacl, acldefault('n', nspowner)), obj_description(oid, 'pg_namespace'))
    FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$' AND (:rows = 1 OR nspname <> 'public') AND nspname !~ :'excluded' ORDER BY 1;
SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1;
SELECT 'wrapper ' || fdwname FROM pg_foreign_data_wrapper ORDER BY 1;
SELECT concat_ws(' ', 'server', srvname, srvoptions) FROM pg_foreign_server ORDER BY 1;
SELECT concat_ws(' ', 'event trigger', evtname, evtevent, evtenabled) FROM pg_event_trigger ORDER BY 1;
SELECT concat_ws(' ', pg_get_functiondef(oid), coalesce(proacl, acldefault('f', proowner)), obj_description(oid, 'pg_proc'))
    FROM pg_proc p WHERE oid >= 16384 AND prokind <> 'a' AND proname !~ :'excluded'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e') ORDER BY 1;
SELECT concat_ws(' ', 'label', enumtypid::regtype, enumlabel) FROM pg_enum ORDER BY enumtypid::regtype::text, enumsortorder;
SELECT concat_ws(' ', 'domain', oid::regtype, format_type(typbasetype, typtypmod), typnotnull, typdefault)
    FROM pg_type WHERE oid >= 16384 AND typtype = 'd' ORDER BY 1;
SELECT concat_ws(' ', 'domain constraint', contypid::regtype, pg_get_constraintdef(oid)) FROM pg_constraint WHERE oid >= 16384 AND contypid > 0 ORDER BY 1;
SELECT name || ' ' || more FROM :shown shown ORDER BY name;
\pset tuples_only off
\pset footer off
SELECT '\d+ ' || name FROM :shown shown ORDER BY name \g (tuples_only=on) :commands
SELECT format(CASE kind WHEN 'S' THEN 'COPY (SELECT %1$L, last_value, is_called FROM %1$s) TO STDOUT;'
        ELSE '\echo %1$s' || chr(10) || 'COPY (SELECT * FROM %1$s) TO STDOUT;' END, name)
    FROM :shown shown WHERE :rows = 1 AND kind IN ('r', 'm', 'S') ORDER BY name \g (tuples_only=on) :values
\i :commands
\i :values
SQL
trap 'rm -f "$text" "$text".*' EXIT
psql -XqAt -v ON_ERROR_STOP=1 -v excluded="$excluded" -v rows=$rows -v shown="$shown" \
    -v commands="$text.commands" -v values="$text.values" -f "$text"
