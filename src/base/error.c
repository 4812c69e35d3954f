/* The error domain: kinds, exit statuses and the extra facts an error carries. */
#include "cmig/error.h"

#include "cmig/text.h"

typedef struct {
    char *detail;
    char *hint;
    char *sqlstate;
    char *file;
    guint line;
    guint column;
    gboolean lasting;
} CmigErrorPrivate;

static void cmig_error_private_init(CmigErrorPrivate *priv)
{
    *priv = (CmigErrorPrivate){0};
}

static void cmig_error_private_copy(const CmigErrorPrivate *from, CmigErrorPrivate *to)
{
    to->detail = g_strdup(from->detail);
    to->hint = g_strdup(from->hint);
    to->sqlstate = g_strdup(from->sqlstate);
    to->file = g_strdup(from->file);
    to->line = from->line;
    to->column = from->column;
    to->lasting = from->lasting;
}

static void cmig_error_private_clear(CmigErrorPrivate *priv)
{
    g_free(priv->detail);
    g_free(priv->hint);
    g_free(priv->sqlstate);
    g_free(priv->file);
}

G_DEFINE_EXTENDED_ERROR(CmigError, cmig_error)

const CmigExitStatus cmig_exit_statuses[] = {
    {0, "done"},
    {1, "failed; nothing of the failing migration is applied"},
    {2, "the command line is wrong"},
    {3, "in doubt or partly applied; the message says what is known"},
    {4, "a check found something"},
    {69, "the database is unavailable or read only"},
    {70, "a bug in cmig"},
    {75, "try again: a lock or a timeout; nothing of the step is applied"},
    {77, "refused by the guard, or because nobody was there to say yes"},
    {78, "the configuration, the database URL or a revision file is wrong"},
    {130, "interrupted or declined"},
    {0, NULL},
};

int cmig_error_exit_status(int code)
{
    static const int statuses[] = {
        [CMIG_ERROR_FAILED] = 1,        [CMIG_ERROR_USAGE] = 2,        [CMIG_ERROR_IN_DOUBT] = 3,
        [CMIG_ERROR_FINDINGS] = 4,      [CMIG_ERROR_UNAVAILABLE] = 69, [CMIG_ERROR_INTERNAL] = 70,
        [CMIG_ERROR_TRY_AGAIN] = 75,    [CMIG_ERROR_REFUSED] = 77,     [CMIG_ERROR_CONFIG] = 78,
        [CMIG_ERROR_INTERRUPTED] = 130, [CMIG_ERROR_CONFLICT] = 75,
    };
    if (code < 0 || (gsize)code >= G_N_ELEMENTS(statuses))
        return 70;
    return statuses[code];
}

static CmigErrorPrivate *private_of(const GError *error)
{
    if (error == NULL || error->domain != CMIG_ERROR)
        return NULL;
    return cmig_error_get_private(error);
}

/* Replaces `*slot` of the error with formatted text. */
G_GNUC_PRINTF(2, 0)
static void set_text(char **slot, const char *format, va_list args)
{
    char *text = g_strdup_vprintf(format, args);
    g_free(*slot);
    *slot = text;
}

void cmig_error_set_detail(GError **error, const char *format, ...)
{
    CmigErrorPrivate *priv = private_of(error ? *error : NULL);
    if (priv == NULL)
        return;
    va_list args;
    va_start(args, format);
    set_text(&priv->detail, format, args);
    va_end(args);
}

void cmig_error_set_hint(GError **error, const char *format, ...)
{
    CmigErrorPrivate *priv = private_of(error ? *error : NULL);
    if (priv == NULL)
        return;
    va_list args;
    va_start(args, format);
    set_text(&priv->hint, format, args);
    va_end(args);
}

static void hide(char **slot, GHashTable *secrets)
{
    if (*slot == NULL)
        return;
    char *shown = cmig_text_hide(*slot, secrets);
    g_free(*slot);
    *slot = shown;
}

void cmig_error_hide(GError *error, GHashTable *secrets)
{
    CmigErrorPrivate *priv = private_of(error);
    if (priv == NULL)
        return;
    hide(&error->message, secrets);
    hide(&priv->detail, secrets);
    hide(&priv->hint, secrets);
}

void cmig_error_set_sqlstate(GError **error, const char *sqlstate)
{
    CmigErrorPrivate *priv = private_of(error ? *error : NULL);
    if (priv == NULL)
        return;
    g_free(priv->sqlstate);
    priv->sqlstate = g_strdup(sqlstate);
}

void cmig_error_set_lasting(GError **error, gboolean lasting)
{
    CmigErrorPrivate *priv = private_of(error ? *error : NULL);
    if (priv != NULL)
        priv->lasting = lasting;
}

void cmig_error_set_place(GError **error, const char *file, guint line, guint column)
{
    CmigErrorPrivate *priv = private_of(error ? *error : NULL);
    if (priv == NULL || priv->file != NULL)
        return;
    priv->file = g_strdup(file);
    priv->line = line;
    priv->column = column;
}

const char *cmig_error_detail(const GError *error)
{
    const CmigErrorPrivate *priv = private_of(error);
    return priv ? priv->detail : NULL;
}

const char *cmig_error_hint(const GError *error)
{
    const CmigErrorPrivate *priv = private_of(error);
    return priv ? priv->hint : NULL;
}

const char *cmig_error_sqlstate(const GError *error)
{
    const CmigErrorPrivate *priv = private_of(error);
    return priv ? priv->sqlstate : NULL;
}

gboolean cmig_error_is_lasting(const GError *error)
{
    const CmigErrorPrivate *priv = private_of(error);
    return priv != NULL && priv->lasting;
}

const char *cmig_error_file(const GError *error)
{
    const CmigErrorPrivate *priv = private_of(error);
    return priv ? priv->file : NULL;
}

guint cmig_error_line(const GError *error)
{
    const CmigErrorPrivate *priv = private_of(error);
    return priv ? priv->line : 0;
}

guint cmig_error_column(const GError *error)
{
    const CmigErrorPrivate *priv = private_of(error);
    return priv ? priv->column : 0;
}
