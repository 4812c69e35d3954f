/* The library describes a PL/pgSQL body in JSON; of that only the SQL in it is of interest, and
 * which statement it belongs to. All of it is what the library wrote, so a small scanner is enough.
 */
#include "sql/judge/plpgsql.h"
#include "cmig/lexer.h"
#include "sql/judge/words.h"

#include <string.h>

enum { DEEPEST = 400 };

/* Where in the JSON the scanner is: the last key of every object that is open; "" in an array. */
typedef struct {
    const char *at;
    GPtrArray *keys; /* char * */
} Scanner;

/* SQL within a body. */
typedef struct {
    char *text;
    gboolean statement; /* not an expression */
    gboolean assigns;   /* `target := expression` */
    gboolean dynamic;   /* an expression whose value is run */
} Piece;

static void piece_clear(gpointer data)
{
    g_free(((Piece *)data)->text);
}

static const char *key_above(const Scanner *scanner, guint levels)
{
    guint count = scanner->keys->len;
    return levels < count ? scanner->keys->pdata[count - 1 - levels] : "";
}

static void set_key(const Scanner *scanner, char *key)
{
    guint count = scanner->keys->len;
    g_free(scanner->keys->pdata[count - 1]);
    scanner->keys->pdata[count - 1] = key;
}

static void take_escape(Scanner *scanner, GString *text)
{
    static const char letters[] = "bfnrt";
    static const char bytes[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, *scanner->at);
    gunichar code = 0;
    if (*scanner->at == 'u') {
        for (guint digit = 1; digit <= 4 && g_ascii_isxdigit(scanner->at[1]); digit++)
            code = code * 16 + (gunichar)g_ascii_xdigit_value(*++scanner->at);
        g_string_append_unichar(text, code);
    } else {
        g_string_append_c(text, letter != NULL ? bytes[letter - letters] : *scanner->at);
    }
    scanner->at++;
}

/* The string at the scanner's quote. */
static char *take_string(Scanner *scanner)
{
    g_autoptr(GString) text = g_string_new(NULL);
    scanner->at++;
    while (*scanner->at != '"' && *scanner->at != '\0') {
        gsize plain = strcspn(scanner->at, "\"\\");
        g_string_append_len(text, scanner->at, (gssize)plain);
        scanner->at += plain;
        if (*scanner->at == '\\' && scanner->at[1] != '\0') {
            scanner->at++;
            take_escape(scanner, text);
        } else if (*scanner->at == '\\') {
            scanner->at++;
        }
    }
    if (*scanner->at == '"')
        scanner->at++;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean is_one_of(const char *word, const char *const *list)
{
    return g_strv_contains(list, word);
}

/* {"PLpgSQL_stmt_x": {"holder": {"PLpgSQL_expr": {"query": "…"}}}}; params are in an array. */
static void add_piece(const Scanner *scanner, char *text, GArray *pieces)
{
    static const char *const dynamic[] = {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors", NULL};
    static const char *const statements[] = {"PLpgSQL_stmt_execsql",
                                             "PLpgSQL_stmt_perform",
                                             "PLpgSQL_stmt_call",
                                             "PLpgSQL_stmt_fors",
                                             "PLpgSQL_stmt_open",
                                             "PLpgSQL_stmt_return_query",
                                             NULL};
    static const char *const holders[] = {"sqlstmt", "query", NULL};
    const char *holder = key_above(scanner, 2);
    const char *statement = key_above(scanner, 3);
    Piece piece = {.text = text};
    gboolean main =
        is_one_of(holder, holders) ||
        (strcmp(holder, "expr") == 0 && (strcmp(statement, "PLpgSQL_stmt_perform") == 0 ||
                                         strcmp(statement, "PLpgSQL_stmt_call") == 0));
    piece.dynamic = strcmp(holder, "dynquery") == 0 || (main && is_one_of(statement, dynamic));
    piece.statement = main && is_one_of(statement, statements);
    piece.assigns = strcmp(statement, "PLpgSQL_stmt_assign") == 0;
    g_array_append_val(pieces, piece);
}

static void take_text(Scanner *scanner, GArray *pieces)
{
    g_autofree char *text = take_string(scanner);
    if (scanner->keys->len == 0)
        return;
    if (*scanner->at == ':')
        set_key(scanner, g_steal_pointer(&text));
    else if (strcmp(key_above(scanner, 0), "query") == 0 &&
             strcmp(key_above(scanner, 1), "PLpgSQL_expr") == 0)
        add_piece(scanner, g_steal_pointer(&text), pieces);
}

/* FALSE: nested too deeply. */
static gboolean scan(const char *json, GArray *pieces)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    Scanner scanner = {json, keys};
    while (*scanner.at != '\0') {
        switch (*scanner.at) {
        case '{':
        case '[':
            if (keys->len == DEEPEST)
                return FALSE;
            g_ptr_array_add(keys, g_strdup(""));
            scanner.at++;
            break;
        case '}':
        case ']':
            if (keys->len > 0)
                g_ptr_array_set_size(keys, (gint)keys->len - 1);
            scanner.at++;
            break;
        case '"':
            take_text(&scanner, pieces);
            break;
        default:
            scanner.at++;
            break;
        }
    }
    return TRUE;
}

/* --- Judging the pieces --- */

static CmigLexer lex(const char *text)
{
    return (CmigLexer){.text = text, .length = strlen(text), .dialect = CMIG_DIALECT_POSTGRESQL};
}

/* What stands behind the first `:=` or `=` that is in no brackets; `*target` becomes what stands
 * before it, or NULL. The caller frees. */
static const char *behind_target(const char *text, char **target)
{
    CmigLexer lexer = lex(text);
    CmigToken token;
    gint depth = 0;
    while (cmig_lexer_next(&lexer, &token) && token.kind != CMIG_TOKEN_END) {
        char symbol = token.kind == CMIG_TOKEN_SYMBOL ? text[token.start] : '\0';
        depth += (symbol == '[' || symbol == '(') - (symbol == ']' || symbol == ')');
        if (symbol == '=' && depth == 0) {
            gboolean colon = token.start > 0 && text[token.start - 1] == ':';
            *target = g_strndup(text, token.start - (colon ? 1 : 0));
            return text + token.end;
        }
    }
    return text;
}

/* The worst that the words in the strings of an expression look like. */
static CmigLevel level_of_strings(const char *text)
{
    CmigLexer lexer = lex(text);
    CmigToken token;
    CmigLevel level = CMIG_LEVEL_WEAKER;
    while (cmig_lexer_next(&lexer, &token) && token.kind != CMIG_TOKEN_END) {
        if (token.kind != CMIG_TOKEN_STRING)
            continue;
        g_autofree char *string = g_strndup(text + token.start, token.end - token.start);
        char *inside = string;
        if (*string == '$') { /* between two equal tags */
            gsize tag = strcspn(string + 1, "$") + 2;
            inside = string + tag;
            string[token.end - token.start - tag] = '\0';
        } else {
            inside += strcspn(string, "'") + 1;
            string[token.end - token.start - 1] = '\0';
        }
        level = MAX(level, cmig_words_level(inside));
    }
    return level;
}

/* The value of an expression that is nothing but a string, or NULL. */
static char *constant_of(const char *expression)
{
    g_autofree char *select = g_strdup_printf("SELECT %s", expression);
    g_autoptr(CmigTree) tree = cmig_tree_parse(select);
    char *value = NULL;
    if (tree == NULL)
        return NULL;
    const CmigNode *node = tree->n_stmts == 1 ? tree->stmts[0]->stmt : NULL;
    if (node != NULL && node->node_case == CMIG_NODE(SELECT_STMT) &&
        node->select_stmt->n_target_list == 1 && node->select_stmt->n_from_clause == 0 &&
        node->select_stmt->op == PG_QUERY__SET_OPERATION__SETOP_NONE &&
        node->select_stmt->target_list[0]->node_case == CMIG_NODE(RES_TARGET)) {
        const CmigNode *target = node->select_stmt->target_list[0]->res_target->val;
        if (target != NULL && target->node_case == CMIG_NODE(A_CONST))
            value = g_strdup(cmig_tree_string(target));
    }
    return value;
}

static void judge_expression(CmigWalk *walk, const char *expression)
{
    g_autofree char *select = g_strdup_printf("SELECT %s", expression);
    cmig_walk_text(walk, select, "computes what is not understood");
}

/* The target may have subscripts, which are expressions. */
static void judge_assignment(CmigWalk *walk, const char *text)
{
    g_autofree char *target = NULL;
    judge_expression(walk, behind_target(text, &target));
    if (target != NULL && strchr(target, '[') != NULL)
        judge_expression(walk, target);
}

static void judge_piece(CmigWalk *walk, const Piece *piece)
{
    if (piece->dynamic) {
        g_autofree char *constant = constant_of(piece->text);
        if (constant != NULL) {
            cmig_walk_text(walk, constant, "runs SQL that is not understood");
            return;
        }
        cmig_walk_say(walk, level_of_strings(piece->text), CMIG_FACT_OPAQUE, "runs dynamic SQL");
        judge_expression(walk, piece->text);
    } else if (piece->statement) {
        cmig_walk_text(walk, piece->text, "runs SQL that is not understood");
    } else if (piece->assigns) {
        judge_assignment(walk, piece->text);
    } else {
        judge_expression(walk, piece->text);
    }
}

/* Words that matter must all be found again in the pieces: the library may leave something out. */
static guint count_words(const char *text)
{
    static const char *const words[] = {"drop",  "delete", "truncate", "update", "merge", "alter",
                                        "grant", "revoke", "insert",   "create", "copy"};
    guint count = 0;
    CmigLexer lexer = lex(text);
    CmigToken token;
    while (cmig_lexer_next(&lexer, &token) && token.kind != CMIG_TOKEN_END)
        for (gsize idx = 0; idx < G_N_ELEMENTS(words); idx++)
            count += cmig_lexer_is(&lexer, &token, words[idx]) ? 1 : 0;
    return count;
}

void cmig_walk_plpgsql(CmigWalk *walk, const char *statement, const char *source)
{
    PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(statement);
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    g_array_set_clear_func(pieces, piece_clear);
    gboolean seen =
        result.error == NULL && result.plpgsql_funcs != NULL && scan(result.plpgsql_funcs, pieces);
    pg_query_free_plpgsql_parse_result(result);
    guint found = 0;
    for (guint idx = 0; seen && idx < pieces->len; idx++) {
        const Piece *piece = &g_array_index(pieces, Piece, idx);
        found += count_words(piece->text);
        judge_piece(walk, piece);
    }
    if (!seen || found < count_words(source))
        cmig_walk_say(walk, cmig_words_level(source), CMIG_FACT_OPAQUE,
                      "runs PL/pgSQL that is not understood");
}
