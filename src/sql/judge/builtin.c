/* Routines that are known by name: those that do no harm, and those that do.
 *
 * The harmless ones that are not volatile are the rows of pg_proc of a new PostgreSQL 15 database
 * that are not volatile and are meant to be called from SQL, and what came with 16 to 18; the
 * volatile ones and those of extensions are picked by hand. */
#include "sql/judge/builtin.h"

#include "cmig/facts.h"

#include <string.h>

static const char *const steady[] = {
    "abbrev abs aclcontains acldefault aclexplode aclinsert aclremove acos acosd acosh age",
    "any_value area array_agg array_append array_dims array_fill array_larger array_length",
    "array_lower array_ndims array_position array_positions array_prepend array_remove",
    "array_replace array_reverse array_smaller array_sort array_to_json array_to_string",
    "array_to_tsvector array_upper ascii asin asind asinh atan atan2 atan2d atand atanh avg bit",
    "bit_and bit_count bit_length bit_or bit_xor bool bool_and bool_or bound_box box bpchar",
    "bpchar_larger bpchar_smaller broadcast btequalimage btrim btvarstrequalimage bytea",
    "cardinality casefold cash_words cashlarger cashsmaller cbrt ceil ceiling center char",
    "char_length character_length chr cidr circle col_description concat concat_ws convert",
    "convert_from convert_to corr cos cosd cosh cot cotd count covar_pop covar_samp crc32 crc32c",
    "cume_dist current_database current_schema current_schemas current_setting current_user",
    "database_to_xml database_to_xml_and_xmlschema database_to_xmlschema date date_add date_bin",
    "date_larger date_part date_smaller date_subtract date_trunc datemultirange daterange",
    "daterange_canonical daterange_subdiff decode degrees dense_rank dexp diagonal diameter div",
    "dlog1 dlog10 dround dtrunc encode enum_first enum_larger enum_last enum_range enum_smaller",
    "erf erfc every exp extract factorial family first_value float4 float4larger float4smaller",
    "float8 float8larger float8smaller floor format format_type gamma gcd generate_series",
    "generate_subscripts get_bit get_byte get_current_ts_config getdatabaseencoding",
    "getpgusername gin_cmp_tslexeme gin_compare_jsonb has_any_column_privilege",
    "has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege",
    "has_function_privilege has_language_privilege has_parameter_privilege has_schema_privilege",
    "has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege",
    "has_type_privilege hash_multirange hash_range hashtext hashtextextended height host",
    "hostmask icu_unicode_version in_range inet_client_addr inet_client_port inet_merge",
    "inet_same_family inet_server_addr inet_server_port initcap int2 int2larger int2smaller int4",
    "int4inc int4larger int4multirange int4range int4range_canonical int4range_subdiff",
    "int4smaller int8 int8dec int8dec_any int8inc int8inc_any int8larger int8multirange",
    "int8range int8range_canonical int8range_subdiff int8smaller interval interval_larger",
    "interval_smaller is_normalized isclosed isempty isfinite ishorizontal isopen isparallel",
    "isperp isvertical json_agg json_array json_array_elements json_array_elements_text",
    "json_array_length json_arrayagg json_build_array json_build_object json_each json_each_text",
    "json_exists json_extract_path json_extract_path_text json_object json_object_agg",
    "json_object_keys json_objectagg json_populate_record json_populate_recordset json_query",
    "json_scalar json_serialize json_strip_nulls json_to_record json_to_recordset",
    "json_to_tsvector json_typeof json_value jsonb_agg jsonb_array_elements",
    "jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object",
    "jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert",
    "jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz",
    "jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array",
    "jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz",
    "jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set",
    "jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector",
    "jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead left",
    "length lgamma like like_escape line ln log log10 lower lower_inc lower_inf lpad lseg ltrim",
    "macaddr macaddr8 macaddr8_set7bit make_date make_interval make_time make_timestamp",
    "make_timestamptz makeaclitem masklen max md5 min min_scale mod mode money multirange",
    "mxid_age name nameconcatoid netmask network network_larger network_smaller normalize",
    "notlike now npoints nth_value ntile num_nonnulls num_nulls numeric numeric_div_trunc",
    "numeric_exp numeric_inc numeric_larger numeric_ln numeric_log numeric_smaller numeric_sqrt",
    "nummultirange numnode numrange numrange_subdiff obj_description octet_length oid oidlarger",
    "oidsmaller oidvectortypes overlaps overlay parse_ident path pclose percent_rank",
    "percentile_cont percentile_disc pg_available_extension_versions pg_available_extensions",
    "pg_backend_pid pg_char_to_encoding pg_client_encoding pg_collation_for",
    "pg_collation_is_visible pg_column_compression",
    "pg_column_is_updatable pg_column_size pg_conf_load_time pg_config pg_conversion_is_visible",
    "pg_current_snapshot pg_current_xact_id pg_current_xact_id_if_assigned pg_cursor",
    "pg_describe_object pg_encoding_max_length pg_encoding_to_char pg_event_trigger_ddl_commands",
    "pg_event_trigger_dropped_objects pg_event_trigger_table_rewrite_oid",
    "pg_event_trigger_table_rewrite_reason pg_extension_update_paths pg_filenode_relation",
    "pg_function_is_visible pg_get_acl pg_get_catalog_foreign_keys pg_get_constraintdef",
    "pg_get_expr pg_get_function_arg_default pg_get_function_arguments",
    "pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody",
    "pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_object_address",
    "pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables",
    "pg_get_replica_identity_index pg_get_replication_slots pg_get_ruledef",
    "pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns",
    "pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid pg_get_viewdef",
    "pg_has_role pg_identify_object pg_identify_object_as_address pg_index_column_has_property",
    "pg_index_has_property pg_indexam_has_property pg_indexam_progress_phasename",
    "pg_input_error_info pg_input_is_valid pg_is_other_temp_schema pg_listening_channels pg_lsn",
    "pg_lsn_larger pg_lsn_smaller pg_mcv_list_items pg_my_temp_schema pg_opclass_is_visible",
    "pg_operator_is_visible pg_opfamily_is_visible pg_options_to_table pg_partition_root",
    "pg_postmaster_start_time pg_prepared_statement pg_relation_filenode pg_relation_filepath",
    "pg_relation_is_publishable pg_relation_is_updatable pg_replication_origin_oid",
    "pg_sequence_parameters pg_settings_get_flags pg_show_all_settings pg_size_bytes",
    "pg_size_pretty pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin",
    "pg_statistics_obj_is_visible pg_table_is_visible pg_tablespace_databases",
    "pg_tablespace_location pg_timezone_abbrevs pg_timezone_names pg_trigger_depth",
    "pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible",
    "pg_ts_template_is_visible pg_type_is_visible pg_typeof pg_visible_in_snapshot",
    "pg_wal_lsn_diff pg_walfile_name pg_walfile_name_offset phraseto_tsquery pi plainto_tsquery",
    "point polygon popen position pow power querytree quote_ident quote_literal quote_nullable",
    "radians radius range_agg range_intersect_agg range_merge rank regclass regexp_count",
    "regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array",
    "regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2",
    "regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round row_number",
    "row_security_active row_to_json rpad rtrim satisfies_hash_partition scale schema_to_xml",
    "schema_to_xml_and_xmlschema schema_to_xmlschema session_user set_bit set_byte set_masklen",
    "setweight sha224 sha256 sha384 sha512 shobj_description sign similar_escape",
    "similar_to_escape sin sind sinh slope split_part sqrt statement_timestamp stddev stddev_pop",
    "stddev_samp string_agg string_to_array string_to_table strip strpos substr substring sum",
    "system_user table_to_xml table_to_xml_and_xmlschema table_to_xmlschema tan tand tanh text",
    "text_larger text_smaller textlen tidlarger tidsmaller time time_larger time_smaller",
    "timestamp timestamp_larger timestamp_smaller timestamptz timestamptz_larger",
    "timestamptz_smaller timetz timetz_larger timetz_smaller timezone to_ascii to_bin to_char",
    "to_date to_hex to_json to_jsonb to_number to_oct to_regclass to_regcollation",
    "to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype",
    "to_regtypemod to_timestamp to_tsquery to_tsvector transaction_timestamp translate",
    "trim_array trim_scale trunc ts_debug ts_delete ts_filter ts_headline ts_lexize ts_parse",
    "ts_rank ts_rank_cd ts_token_type tsmultirange tsquery_phrase tsrange tsrange_subdiff",
    "tstzmultirange tstzrange tstzrange_subdiff tsvector_to_array txid_current",
    "txid_current_if_assigned txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax",
    "txid_snapshot_xmin txid_visible_in_snapshot unicode_assigned unicode_version unistr unnest",
    "upper upper_inc upper_inf uuid_extract_timestamp uuid_extract_version uuid_in var_pop "
    "var_samp",
    "varbit varchar variance version websearch_to_tsquery width width_bucket xid xid8_larger",
    "xid8_smaller xml xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document",
    "xmlagg xmlcomment xmlexists xmltext xmlvalidate xpath xpath_exists",
};

static const char *const steady_extensions[] = {
    "akeys armor avals citext crypt cube cube_dim cube_distance daitch_mokotoff dearmor decrypt",
    "decrypt_iv defined difference digest dmetaphone dmetaphone_alt earth_box earth_distance",
    "encrypt encrypt_iv exist hmac hstore hstore_to_array hstore_to_json hstore_to_jsonb icount",
    "idx intset latitude lca levenshtein levenshtein_less_equal ll_to_earth longitude ltree2text",
    "metaphone nlevel pgp_key_id pgp_pub_decrypt pgp_pub_encrypt pgp_sym_decrypt",
    "pgp_sym_decrypt_bytea pgp_sym_encrypt pgp_sym_encrypt_bytea populate_record",
    "postgis_full_version postgis_version show_trgm similarity skeys sort sort_asc sort_desc",
    "soundex st_area st_asgeojson st_astext st_buffer st_centroid st_collect st_contains",
    "st_distance st_dwithin st_envelope st_geogfromtext st_geomfromgeojson st_geomfromtext",
    "st_intersects st_isvalid st_length st_makeenvelope st_makepoint st_makevalid st_multi",
    "st_point st_setsrid st_simplify st_srid st_transform st_union st_within st_x st_y",
    "strict_word_similarity subarray subltree subpath svals text2ltree unaccent uniq",
    "uuid_generate_v3 uuid_generate_v5 uuid_nil uuid_ns_dns uuid_ns_oid uuid_ns_url uuid_ns_x500",
    "word_similarity",
};

static const char *const changing[] = {
    "array_sample array_shuffle brin_desummarize_range brin_summarize_new_values",
    "brin_summarize_range clock_timestamp current_query currval gen_random_uuid",
    "gin_clean_pending_list lastval lo_close lo_creat lo_create lo_from_bytea lo_get lo_lseek",
    "lo_lseek64 lo_open lo_tell lo_tell64 loread nextval pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared pg_blocking_pids pg_collation_actual_version",
    "pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system",
    "pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn",
    "pg_database_collation_actual_version pg_database_size pg_export_snapshot",
    "pg_extension_config_dump pg_import_system_collations pg_indexes_size pg_is_in_recovery",
    "pg_jit_available pg_last_wal_receive_lsn pg_last_wal_replay_lsn",
    "pg_last_xact_replay_timestamp pg_lock_status pg_logical_emit_message",
    "pg_notification_queue_usage pg_notify pg_partition_ancestors pg_partition_tree",
    "pg_prepared_xact pg_relation_size pg_safe_snapshot_blocking_pids pg_sequence_last_value",
    "pg_sleep pg_sleep_for pg_sleep_until pg_stat_clear_snapshot pg_stat_force_next_flush",
    "pg_table_size pg_tablespace_size pg_total_relation_size pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared pg_xact_commit_timestamp pg_xact_status random",
    "random_normal setseed suppress_redundant_updates_trigger timeofday tsvector_update_trigger",
    "tsvector_update_trigger_column txid_status uuidv4 uuidv7",
};

static const char *const changing_extensions[] = {
    "cuid gen_random_bytes gen_salt gen_ulid generate_ulid ksuid nanoid ulid_generate",
    "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 uuid_generate_v6 uuid_generate_v7",
};

/* Their scripts make types, functions, tables and views of their own, and touch nothing else. */
static const char *const extensions[] = {
    "address_standardizer address_standardizer_data_us adminpack age amcheck autoinc aws_commons",
    "aws_lambda aws_s3 azure azure_storage bloom bool_plperl bool_plperlu btree_gin btree_gist",
    "citext citus columnar cube dblink dict_int dict_xsyn earthdistance file_fdw fuzzystrmatch h3",
    "h3_postgis hll hstore hstore_plperl hstore_plperlu hstore_plpython3u http hypopg",
    "insert_username intagg intarray ip4r isn jsonb_plperl jsonb_plperlu jsonb_plpython3u lo ltree",
    "ltree_plpython3u moddatetime mysql_fdw ogr_fdw old_snapshot oracle_fdw orafce pageinspect",
    "pg_bigm pg_buffercache pg_cron pg_freespacemap pg_graphql pg_hashids pg_hint_plan pg_ivm",
    "pg_jsonschema pg_net pg_partman pg_prewarm pg_qualstats pg_repack pg_similarity pg_squeeze",
    "pg_stat_kcache pg_stat_monitor pg_stat_statements pg_surgery pg_trgm pg_uuidv7 pg_visibility",
    "pg_wait_sampling pg_walinspect pgaudit pgcrypto pgjwt pglogical pgmq pgroonga pgrouting",
    "pgrowlocks pgsodium pgstattuple pgtap pgx_ulid plperl plperlu plpgsql plpgsql_check",
    "plpython3u pltcl pltclu plv8 pointcloud postgis postgis_raster postgis_sfcgal",
    "postgis_tiger_geocoder postgis_topology postgres_fdw prefix refint rum seg semver set_user",
    "sslinfo supabase_vault system_stats tablefunc tcn tds_fdw temporal_tables timescaledb",
    "timescaledb_toolkit topn tsm_system_rows tsm_system_time unaccent unit uuid-ossp vector",
    "vectorscale xml2 zhparser",
};

/* `*` at the end of a name stands for any end. The first that fits counts. */
static const CmigDanger dangers[] = {
    {"setval", CMIG_LEVEL_WEAKER, 0, "sets a sequence, which no rollback undoes"},
    {"lo_unlink", CMIG_LEVEL_DATA, 0, "removes large objects"},
    {"lo_truncate*", CMIG_LEVEL_DATA, 0, "cuts large objects"},
    {"lo_put", CMIG_LEVEL_WEAKER, 0, "writes over large objects"},
    {"lowrite", CMIG_LEVEL_WEAKER, 0, "writes over large objects"},
    {"lo_export", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "writes a file on the server"},
    {"lo_import", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "reads a file on the server"},
    {"pg_file_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE | CMIG_FACT_OPAQUE,
     "changes files on the server"},
    {"pg_read_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "reads a file on the server"},
    {"pg_ls_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "reads a folder on the server"},
    {"pg_terminate_backend", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "ends sessions"},
    {"pg_cancel_backend", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "cancels what others run"},
    {"pg_drop_replication_slot", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE,
     "drops a replication slot"},
    {"pg_create_*_replication_slot", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE,
     "creates a replication slot, which no rollback undoes"},
    {"pg_copy_*_replication_slot", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE,
     "creates a replication slot, which no rollback undoes"},
    {"pg_replication_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "changes replication"},
    {"pg_logical_slot_get_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE,
     "takes changes out of a replication slot"},
    {"pg_rotate_logfile*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "rotates the server's log"},
    {"pg_reload_conf", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE,
     "makes the server read its settings"},
    {"pg_switch_wal", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "switches the log file"},
    {"pg_create_restore_point", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "makes a restore point"},
    {"pg_backup_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "begins or ends a backup"},
    {"pg_promote", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "promotes a standby"},
    {"pg_wal_replay_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "stops or starts replay"},
    {"pg_stat_reset*", CMIG_LEVEL_WEAKER, 0, "resets statistics"},
    {"pg_stat_statements_reset", CMIG_LEVEL_WEAKER, 0, "resets statistics"},
    {"pg_advisory_*", CMIG_LEVEL_WEAKER, 0, "takes or frees a lock of the session"},
    {"pg_try_advisory_*", CMIG_LEVEL_WEAKER, 0, "takes a lock of the session"},
    {"dblink*", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL on another connection"},
    {"postgres_fdw_*", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "ends connections"},
    {"drop_chunks", CMIG_LEVEL_DATA, 0, "drops chunks of a hypertable"},
    {"query_to_xml*", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL that is a value"},
    {"cursor_to_xml*", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL that is a value"},
    {"ts_stat", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL that is a value"},
    {"ts_rewrite", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL that is a value"},
    {"crosstab*", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL that is a value"},
    {"connectby", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL that is a value"},
    {"xpath_table", CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "runs SQL that is a value"},
    {"binary_upgrade_*", CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, "changes system catalogs"},
};

/* Lists of names, one name behind the other. */
static void add_names(GHashTable *table, const char *const *lines, gsize count, CmigBuiltin kind)
{
    for (gsize idx = 0; idx < count; idx++) {
        g_auto(GStrv) names = g_strsplit(lines[idx], " ", -1);
        for (gsize at = 0; names[at] != NULL; at++)
            g_hash_table_replace(table, g_strdup(names[at]), GINT_TO_POINTER(kind));
    }
}

static GHashTable *make_table(void)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    add_names(table, steady, G_N_ELEMENTS(steady), CMIG_BUILTIN_STEADY);
    add_names(table, steady_extensions, G_N_ELEMENTS(steady_extensions),
              CMIG_BUILTIN_EXTENSION_STEADY);
    add_names(table, changing_extensions, G_N_ELEMENTS(changing_extensions),
              CMIG_BUILTIN_EXTENSION_CHANGING);
    add_names(table, changing, G_N_ELEMENTS(changing), CMIG_BUILTIN_CHANGING);
    return table;
}

static gboolean fits(const char *pattern, const char *name)
{
    return strchr(pattern, '*') != NULL ? g_pattern_match_simple(pattern, name)
                                        : strcmp(pattern, name) == 0;
}

gboolean cmig_builtin_is_extension(const char *name)
{
    static GHashTable *table; /* likewise */
    if (table == NULL) {
        table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        add_names(table, extensions, G_N_ELEMENTS(extensions), CMIG_BUILTIN_STEADY);
    }
    return g_hash_table_contains(table, name);
}

CmigBuiltin cmig_builtin_find(const char *name, const CmigDanger **danger)
{
    static GHashTable *table; /* of the parser's process, and of its life */
    if (table == NULL)
        table = make_table();
    *danger = NULL;
    CmigBuiltin known = (CmigBuiltin)GPOINTER_TO_INT(g_hash_table_lookup(table, name));
    if (known != CMIG_BUILTIN_UNKNOWN)
        return known;
    for (gsize idx = 0; idx < G_N_ELEMENTS(dangers); idx++) {
        if (!fits(dangers[idx].name, name))
            continue;
        *danger = &dangers[idx];
        return CMIG_BUILTIN_DANGEROUS;
    }
    return CMIG_BUILTIN_UNKNOWN;
}
