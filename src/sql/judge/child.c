/* The parser's process: forked from this one, without what it holds open, it reads texts and
 * answers with acts. Input that overflows its stack, trips an assertion of the parser's or takes
 * too long ends it and nothing else: that text counts as not understood, and a new process goes on
 * behind it.
 *
 * Protocol, in both directions: a length (guint32) and so many bytes. A request is whether to be
 * careful (a byte), and texts, each with a NUL behind it; each has an answer of its own. Answers
 * are sent together, unless carefully: then it is known which text was fatal. The request is read
 * to its end before the first answer: neither side waits for the other to read. */
#include "sql/judge/child.h"
#include "sql/judge/act.h"

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
    MOST_DEATHS = 3,        /* in one section */
    SECONDS = 10,           /* for one text */
    LONGEST_TEXT = 2 << 20, /* bytes */
    LONGEST_MESSAGE = 1 << 28,
    TOGETHER = 1 << 16, /* bytes of answers */
    STACK = 64 << 20,
};
#define MEMORY ((rlim_t)2 << 30)

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
    int problem; /* errno of the last start; 0 = it worked */
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

/* NULL when nothing sound comes. */
static GByteArray *receive_message(int from, gint64 deadline)
{
    guint32 size = 0;
    if (!receive_bytes(from, &size, sizeof size, deadline) || size > LONGEST_MESSAGE)
        return NULL;
    g_autoptr(GByteArray) message = g_byte_array_sized_new(size);
    g_byte_array_set_size(message, size);
    return receive_bytes(from, message->data, size, deadline) ? g_steal_pointer(&message) : NULL;
}

/* A message begins where its length is to stand; it ends where `bytes` do. */
static guint begin_message(GByteArray *bytes)
{
    static const guint32 unknown = 0;
    guint start = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)&unknown, sizeof unknown);
    return start;
}

static void end_message(GByteArray *bytes, guint start)
{
    guint32 size = bytes->len - start - (guint32)sizeof size;
    memcpy(bytes->data + start, &size, sizeof size);
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
    g_autoptr(GPtrArray) acts = cmig_acts_of(text);
    guint start = begin_message(answers);
    cmig_acts_pack(acts, answers);
    end_message(answers, start);
}

static gboolean flush(int to, GByteArray *answers)
{
    gboolean sent = send_bytes(to, answers->data, answers->len);
    g_byte_array_set_size(answers, 0);
    return sent;
}

static gboolean serve_request(int socket, const GByteArray *request)
{
    g_autoptr(GByteArray) answers = g_byte_array_new();
    gboolean careful = request->data[0] != 0;
    const char *end = (const char *)request->data + request->len;
    gint64 limited = 0;
    for (const char *text = (const char *)request->data + 1; text < end; text += strlen(text) + 1) {
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
        g_autoptr(GByteArray) request = receive_message(socket, 0);
        served = request != NULL && request->len > 0 &&
                 (request->len == 1 || request->data[request->len - 1] == '\0') &&
                 serve_request(socket, request);
    }
}

/* --- In this one --- */

/* Only the main thread exists on the other side: nothing here may wait for another one. */
static gboolean start(CmigParser *parser)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        parser->problem = errno;
        return FALSE;
    }
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
    parser->problem = pid < 0 ? errno : 0;
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

CmigParser *cmig_parser_new(void)
{
    return g_new0(CmigParser, 1);
}

void cmig_parser_free(CmigParser *parser)
{
    if (parser == NULL)
        return;
    stop(parser);
    g_free(parser);
}

void cmig_parser_begin_section(CmigParser *parser)
{
    parser->deaths = 0;
}

const char *cmig_parser_problem(const CmigParser *parser)
{
    return parser->problem != 0 ? g_strerror(parser->problem) : NULL;
}

static gboolean is_askable(const char *text)
{
    return strlen(text) <= LONGEST_TEXT;
}

/* Sends texts from `first` on, up to one that is too large; returns the index behind them. */
static guint send_texts(const CmigParser *parser, const GPtrArray *texts, guint first)
{
    g_autoptr(GByteArray) request = g_byte_array_new();
    const guint8 careful = parser->careful ? 1 : 0;
    guint behind = first;
    guint start = begin_message(request);
    g_byte_array_append(request, &careful, 1);
    for (; behind < texts->len && is_askable(texts->pdata[behind]); behind++) {
        const char *text = texts->pdata[behind];
        g_byte_array_append(request, (const guint8 *)text, (guint)strlen(text) + 1);
    }
    end_message(request, start);
    send_bytes(parser->socket, request->data, request->len); /* if not, no answer will come */
    return behind;
}

static gboolean receive_answer(const CmigParser *parser, GPtrArray *answers)
{
    gint64 deadline = g_get_monotonic_time() + (SECONDS + 1) * G_USEC_PER_SEC;
    g_autoptr(GByteArray) message = receive_message(parser->socket, deadline);
    GPtrArray *acts = NULL;
    if (message == NULL || !cmig_acts_unpack(message->data, message->len, &acts))
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

/* The first time the parser ends, all that it did not answer yet is asked again, carefully; one
 * text alone is known to be the fatal one. */
void cmig_parser_ask(CmigParser *parser, const GPtrArray *texts, GPtrArray *answers)
{
    parser->careful = FALSE;
    while (answers->len < texts->len) {
        parser->careful = parser->careful || texts->len - answers->len == 1;
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
