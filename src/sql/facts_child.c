/* The parser's process: forked from this one, without what it holds open, it reads texts and
 * answers with acts. Input that overflows its stack, trips an assertion of the parser's or takes
 * too long ends it and nothing else: that text counts as not understood, and a new process goes on
 * behind it.
 *
 * Protocol, in both directions: a length (guint32) and so many bytes of a GVariant. A request is
 * whether to be careful, and texts; each has an answer of its own. Answers are sent together,
 * unless carefully: then it is known which text was fatal. The request is read to its end before
 * the first answer: neither side waits for the other to read. */
#include "facts_child.h"
#include "facts_act.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MOST_DEATHS = 3,          /* in one section */
    SECONDS = 10,             /* for one text */
    LONGEST_TEXT = 4 << 20,   /* bytes */
    LONGEST_ANSWER = 1 << 28, /* bytes */
    TOGETHER = 1 << 16,       /* bytes of answers */
    STACK = 64 << 20,
};
#define REQUEST "(bas)"
#define MEMORY  ((rlim_t)2 << 30)

/* Sanitizers reserve more address space than any limit. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

struct CmigParser {
    pid_t pid; /* 0 = none runs */
    int socket;
    guint deaths; /* in this section */
    gboolean careful;
};

/* --- Messages --- */

static gboolean send_bytes(int to, const void *data, gsize size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t sent = send(to, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return FALSE;
        at += sent;
        size -= (gsize)sent;
    }
    return TRUE;
}

static gboolean send_message(int to, GVariant *message)
{
    gsize size = g_variant_get_size(message);
    g_autofree guint8 *bytes = g_malloc(sizeof(guint32) + size);
    guint32 length = (guint32)size;
    memcpy(bytes, &length, sizeof length);
    g_variant_store(message, bytes + sizeof length);
    return send_bytes(to, bytes, sizeof length + size);
}

/* `deadline` 0 = none. */
static gboolean wait_readable(int from, gint64 deadline)
{
    for (;;) {
        gint64 left = deadline != 0 ? (deadline - g_get_monotonic_time()) / 1000 : -1;
        if (deadline != 0 && left <= 0)
            return FALSE;
        struct pollfd waiting = {.fd = from, .events = POLLIN};
        int ready = poll(&waiting, 1, (int)left);
        if (ready > 0)
            return TRUE;
        if (ready == 0 || errno != EINTR)
            return FALSE;
    }
}

static gboolean receive_bytes(int from, void *data, gsize size, gint64 deadline)
{
    char *at = data;
    while (size > 0) {
        if (deadline != 0 && !wait_readable(from, deadline))
            return FALSE;
        ssize_t received = recv(from, at, size, 0);
        if (received < 0 && errno == EINTR)
            continue;
        if (received <= 0)
            return FALSE;
        at += received;
        size -= (gsize)received;
    }
    return TRUE;
}

static GVariant *receive_message(int from, const char *type, gint64 deadline)
{
    guint32 size = 0;
    if (!receive_bytes(from, &size, sizeof size, deadline) || size > LONGEST_ANSWER)
        return NULL;
    g_autofree char *bytes = g_malloc(MAX(size, 1));
    if (!receive_bytes(from, bytes, size, deadline))
        return NULL;
    char *data = g_steal_pointer(&bytes);
    return g_variant_ref_sink(
        g_variant_new_from_data(G_VARIANT_TYPE(type), data, size, FALSE, g_free, data));
}

/* --- In the parser's process --- */

/* A descriptor kept open here would keep a connection or a lock alive behind its owner's back. */
static void close_others(int kept)
{
    long most = sysconf(_SC_OPEN_MAX);
    DIR *folder = opendir("/proc/self/fd");
    int own = folder != NULL ? dirfd(folder) : -1;
    const struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        guint64 number = 0;
        if (g_ascii_string_to_unsigned(entry->d_name, 10, 0, G_MAXINT, &number, NULL) &&
            (int)number != kept && (int)number != own)
            close((int)number);
    }
    if (folder != NULL)
        closedir(folder);
    for (int fd = 0; folder == NULL && fd < MIN(most, 65536); fd++)
        if (fd != kept)
            close(fd);
    for (int fd = 0; fd <= STDERR_FILENO; fd++) /* what the parser says is for nobody */
        if (open("/dev/null", O_RDWR) < 0)
            _exit(1);
}

static void set_limit(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? most : MIN(most, limit.rlim_max);
    setrlimit(resource, &limit);
}

static void set_signals(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS,  SIGABRT, SIGFPE,
                                SIGILL,  SIGTERM, SIGALRM, SIGXCPU};
    static const int ignored[] = {SIGINT, SIGQUIT, SIGHUP, SIGPIPE}; /* the other one's affair */
    sigset_t none;
    sigemptyset(&none);
    for (gsize idx = 0; idx < G_N_ELEMENTS(fatal); idx++)
        signal(fatal[idx], SIG_DFL);
    for (gsize idx = 0; idx < G_N_ELEMENTS(ignored); idx++)
        signal(ignored[idx], SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Processor time counts from the process's start, so the limit moves with what was used. */
static void limit_time(void)
{
    struct rusage used;
    alarm(SECONDS);
    if (getrusage(RUSAGE_SELF, &used) == 0)
        set_limit(RLIMIT_CPU, (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + SECONDS + 1));
}

static void add_answer(GByteArray *answers, const char *text)
{
    g_autoptr(GPtrArray) acts = cmig__acts_of(text);
    g_autoptr(GVariant) message = cmig__acts_pack(acts);
    guint32 size = (guint32)g_variant_get_size(message);
    g_byte_array_append(answers, (const guint8 *)&size, sizeof size);
    g_byte_array_append(answers, g_variant_get_data(message), size);
}

static gboolean flush(int to, GByteArray *answers)
{
    gboolean sent = send_bytes(to, answers->data, answers->len);
    g_byte_array_set_size(answers, 0);
    return sent;
}

static gboolean serve_request(int socket, GVariant *request)
{
    g_autoptr(GByteArray) answers = g_byte_array_new();
    g_autoptr(GVariantIter) texts = NULL;
    gboolean careful = FALSE;
    const char *text = NULL;
    gint64 limited = 0;
    g_variant_get(request, REQUEST, &careful, &texts);
    while (g_variant_iter_next(texts, "&s", &text)) {
        gint64 now = g_get_monotonic_time();
        if (now - limited > G_USEC_PER_SEC) {
            if (!flush(socket, answers))
                return FALSE;
            limit_time();
            limited = now;
        }
        add_answer(answers, text);
        if ((careful || answers->len > TOGETHER) && !flush(socket, answers))
            return FALSE;
    }
    alarm(0);
    return flush(socket, answers);
}

static void serve(int socket)
{
    gboolean served = TRUE;
    while (served) {
        g_autoptr(GVariant) request = receive_message(socket, REQUEST, 0);
        served = request != NULL && serve_request(socket, request);
    }
}

/* --- In this one --- */

/* Only the main thread exists on the other side: nothing here may wait for another one. */
static gboolean start(CmigParser *parser)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return FALSE;
    pid_t pid = fork();
    if (pid == 0) {
        set_signals();
        close_others(pair[1]);
        set_limit(RLIMIT_CORE, 0);
        set_limit(RLIMIT_STACK, STACK);
        if (!SANITIZED)
            set_limit(RLIMIT_AS, MEMORY);
        serve(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return FALSE;
    }
    parser->pid = pid;
    parser->socket = pair[0];
    return TRUE;
}

static void stop(CmigParser *parser)
{
    if (parser->pid == 0)
        return;
    close(parser->socket);
    kill(parser->pid, SIGKILL); /* it holds nothing */
    while (waitpid(parser->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    parser->pid = 0;
}

CmigParser *cmig__parser_new(void)
{
    return g_new0(CmigParser, 1);
}

void cmig__parser_free(CmigParser *parser)
{
    if (parser == NULL)
        return;
    stop(parser);
    g_free(parser);
}

void cmig__parser_begin_section(CmigParser *parser)
{
    parser->deaths = 0;
}

static gboolean is_askable(const char *text)
{
    return strlen(text) <= LONGEST_TEXT && g_utf8_validate(text, -1, NULL);
}

/* Sends texts from `first` on, up to one that is too large; returns the index behind them. */
static guint send_texts(const CmigParser *parser, const GPtrArray *texts, guint first)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("as"));
    guint behind = first;
    while (behind < texts->len && is_askable(texts->pdata[behind]))
        g_variant_builder_add(&builder, "s", texts->pdata[behind++]);
    g_autoptr(GVariant) message =
        g_variant_ref_sink(g_variant_new(REQUEST, parser->careful, &builder));
    send_message(parser->socket, message); /* if not, the answer will not come either */
    return behind;
}

static gboolean receive_answer(const CmigParser *parser, GPtrArray *answers)
{
    gint64 deadline = g_get_monotonic_time() + (SECONDS + 1) * G_USEC_PER_SEC;
    g_autoptr(GVariant) message = receive_message(parser->socket, CMIG_ACTS_TYPE, deadline);
    GPtrArray *acts = NULL;
    if (message == NULL || !cmig__acts_unpack(message, &acts))
        return FALSE;
    g_ptr_array_add(answers, acts);
    return TRUE;
}

/* The answers to one request. FALSE: the parser ended, and the text that was its end has none. */
static gboolean ask_once(const CmigParser *parser, const GPtrArray *texts, GPtrArray *answers)
{
    guint behind = send_texts(parser, texts, answers->len);
    while (answers->len < behind)
        if (!receive_answer(parser, answers))
            return FALSE;
    return TRUE;
}

/* The first time the parser ends, all that it did not answer yet is asked again, carefully. */
void cmig__parser_ask(CmigParser *parser, const GPtrArray *texts, GPtrArray *answers)
{
    parser->careful = FALSE;
    while (answers->len < texts->len) {
        gboolean askable = is_askable(texts->pdata[answers->len]) && parser->deaths < MOST_DEATHS &&
                           (parser->pid != 0 || start(parser));
        if (!askable) {
            g_ptr_array_add(answers, NULL);
        } else if (!ask_once(parser, texts, answers)) {
            stop(parser);
            if (parser->careful) {
                g_ptr_array_add(answers, NULL);
                parser->deaths++;
            }
            parser->careful = !parser->careful;
        }
    }
}
