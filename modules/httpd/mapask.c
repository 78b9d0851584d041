/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_main.h>

#define LETTER_MOST (48 * 1024)
#define TRIES_APART 20          /* milliseconds, for a queue that is full */

enum { TEXT_KEY, TEXT_ARGS, TEXT_PATH, TEXT_DIRECTORY, TEXT_HTACCESS, TEXT_FILE, TEXTS };

/* What stands at the beginning of a datagram; the texts follow, each with its NUL. All of
 * one machine, and of one build of this module. */
typedef struct letter_t {
    apr_uint64_t deadline;
    apr_uint64_t size_most;
    apr_int64_t regex_most;
    r307_folder_t folder;
    apr_uint32_t lines_most, line;
    apr_int32_t generation, server;     /* the host: which one of the list */
    apr_int32_t where, no_links, is_alone, is_conf;
    apr_int32_t is_shut, has_reply, has_file;
    apr_uint32_t lens[TEXTS];           /* with the NUL */
} letter_t;

static int close_on_exec(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int keep_to_ourselves(int ends[2])
{
    int i;

    for (i = 0; i < 2; i++) {
        close_on_exec(ends[i]);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    return 1;
}

int r307_mapask_open(int queue[2])
{
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, queue) != 0) {
        queue[0] = queue[1] = -1;
        return 0;
    }
    return keep_to_ourselves(queue);
}

int r307_mapask_pipe(int ends[2])
{
    return pipe(ends) == 0 && keep_to_ourselves(ends);
}

void r307_mapask_close(int queue[2])
{
    int i;

    if (queue[0] >= 0) {        /* a program that the parent began may have that end, too */
        shutdown(queue[0], SHUT_RD);
    }
    for (i = 0; i < 2; i++) {
        if (queue[i] >= 0) {
            close(queue[i]);
        }
        queue[i] = -1;
    }
}

/* --- writing --- */

static int generation(void)
{
    int number = 0;

    ap_mpm_query(AP_MPMQ_GENERATION, &number);
    return number;
}

/* -1 where there is no such host. */
static int number_of(const server_rec *first, const server_rec *wanted)
{
    int number = 0;

    while (first && first != wanted) {
        first = first->next;
        number++;
    }
    return first ? number : -1;
}

/* In p, *len bytes; NULL: too long. */
static char *write_letter(apr_pool_t *p, const r307_mapref_t *ref, const letter_t *given,
                          size_t *len)
{
    const char *texts[TEXTS] = {
        [TEXT_KEY] = ref->key.s,
        [TEXT_ARGS] = ref->args,
        [TEXT_PATH] = ref->path,
        [TEXT_DIRECTORY] = ref->directory ? ref->directory : "",
        [TEXT_HTACCESS] = ref->htaccess ? ref->htaccess : "",
        [TEXT_FILE] = ref->place.file
    };
    letter_t letter = *given;
    char *out, *at;
    int i;

    letter.size_most = ref->size_most;
    letter.regex_most = ref->regex_most;
    letter.folder = ref->folder;
    letter.lines_most = ref->lines_most;
    letter.line = ref->place.line;
    letter.generation = generation();
    letter.server = number_of(ap_server_conf, ref->server);
    letter.where = (apr_int32_t)ref->def.where;
    letter.no_links = ref->no_links;
    letter.is_alone = ref->is_alone;
    letter.is_conf = ref->directory == NULL;
    for (*len = sizeof(letter), i = 0; i < TEXTS; i++) {
        size_t text = i == TEXT_KEY ? ref->key.len : strlen(texts[i]);

        letter.lens[i] = (apr_uint32_t)text + 1;
        *len += text + 1;
    }
    if (*len > LETTER_MOST) {
        return NULL;
    }
    out = apr_pcalloc(p, *len);
    memcpy(out, &letter, sizeof(letter));
    for (at = out + sizeof(letter), i = 0; i < TEXTS; i++) {
        memcpy(at, texts[i], letter.lens[i] - 1);
        at += letter.lens[i];
    }
    return out;
}

#define FDS_MOST 2

/* A datagram and the descriptors that go with it. */
typedef struct envelope_t {
    struct msghdr message;
    struct iovec part;
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(FDS_MOST * sizeof(int))];
    } control;
} envelope_t;

static void fold_envelope(envelope_t *envelope, const char *bytes, size_t len, int fds)
{
    memset(envelope, 0, sizeof(*envelope));
    envelope->part.iov_base = (char *)bytes;     /* read from, or the caller's room */
    envelope->part.iov_len = len;
    envelope->message.msg_iov = &envelope->part;
    envelope->message.msg_iovlen = 1;
    if (fds) {
        envelope->message.msg_control = envelope->control.bytes;
        envelope->message.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
    }
}

typedef enum { UNSENT, SENT, GONE } sent_t;     /* GONE: nobody will ever read it */

/* Systems differ in what they say of a peer that was closed. */
static int is_gone(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET || error == EPIPE
        || error == ENOTCONN;
}

static sent_t send_letter(int queue, const char *bytes, size_t len, const int *fds, int count)
{
    envelope_t envelope;
    struct cmsghdr *head = &envelope.control.head;

    fold_envelope(&envelope, bytes, len, count);
    if (count) {
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(head), fds, (size_t)count * sizeof(int));
    }
    if (sendmsg(queue, &envelope.message, 0) == (ssize_t)len) {
        return SENT;
    }
    return is_gone(errno) ? GONE : UNSENT;
}

int r307_mapask_send(int queue, const char *bytes, size_t len, int file)
{
    return send_letter(queue, bytes, len, &file, 1) == SENT;
}

/* file: -1, or an open file that goes along. reply: likewise. */
static sent_t ask(apr_pool_t *p, int queue, const r307_mapref_t *ref, letter_t *letter,
                  int reply, int file)
{
    int fds[FDS_MOST], count = 0;
    size_t len;
    char *bytes;

    letter->has_reply = reply >= 0;
    letter->has_file = file >= 0;
    if (reply >= 0) {
        fds[count++] = reply;
    }
    if (file >= 0) {
        fds[count++] = file;
    }
    bytes = write_letter(p, ref, letter, &len);
    return bytes ? send_letter(queue, bytes, len, fds, count) : UNSENT;
}

/* --- waiting --- */

static int left(apr_uint64_t deadline)
{
    apr_uint64_t now = r307_arena_clock();

    return now >= deadline ? 0 : (int)((deadline - now) / 1000 + 1);
}

/* 0: time is over; -1: whoever had the other end is gone. */
static int read_answer(int fd, apr_uint64_t deadline)
{
    struct pollfd answer = { fd, POLLIN, 0 };
    ssize_t n;
    char byte;
    int ready;

    do {
        ready = poll(&answer, 1, left(deadline));
    } while (ready < 0 && errno == EINTR && left(deadline));
    if (ready <= 0) {
        return 0;
    }
    n = read(fd, &byte, 1);
    return n == 1 ? byte : -1;
}

/* One letter and its answer: a r307_kept_t, or as above; -2: it could not be sent; -3: nor
 * will it ever be. */
static int ask_once(apr_pool_t *p, int queue, const r307_mapref_t *ref, int is_shut,
                    int file, apr_uint64_t deadline)
{
    letter_t letter;
    int ends[2], said;
    sent_t sent;

    memset(&letter, 0, sizeof(letter));
    letter.deadline = deadline;
    letter.is_shut = is_shut;
    if (pipe(ends) != 0) {
        return -2;
    }
    close_on_exec(ends[0]);
    close_on_exec(ends[1]);
    sent = ask(p, queue, ref, &letter, ends[1], file);
    close(ends[1]);
    said = sent == SENT ? read_answer(ends[0], deadline) : sent == GONE ? -3 : -2;
    close(ends[0]);
    return said;
}

static int hand_over(apr_pool_t *p, int queue, const r307_mapref_t *ref,
                     apr_uint64_t deadline)
{
    int file = r307_mapload_open(p, ref), said;

    said = ask_once(p, queue, ref, file < 0, file, deadline);
    if (file >= 0) {
        close(file);
    }
    return said;
}

r307_asked_for_t r307_mapask(apr_pool_t *p, int queue, const r307_mapref_t *ref,
                             apr_uint64_t deadline)
{
    int said = ask_once(p, queue, ref, 0, -1, deadline);

    for (;;) {
        switch (said) {
        case R307_KEPT_DONE:
            return R307_ASKED_DONE;
        case R307_KEPT_YOUNG:
            return R307_ASKED_YOUNG;
        case R307_KEPT_CROWDED:
            return R307_ASKED_CROWDED;
        case 0:
            return R307_ASKED_LATE;
        case -3:
            return R307_ASKED_GONE;
        case R307_KEPT_CLOSED:
            said = hand_over(p, queue, ref, deadline);
            break;
        default:                /* its keeper died, or the queue is full: once more */
            if (!left(deadline)) {
                return said == -2 ? R307_ASKED_FULL : R307_ASKED_LATE;
            }
            poll(NULL, 0, TRIES_APART);
            said = ask_once(p, queue, ref, 0, -1, deadline);
        }
    }
}

int r307_mapask_tell(apr_pool_t *p, int queue, const r307_mapref_t *ref, int hands)
{
    int file = hands ? r307_mapload_open(p, ref) : -1, sent;
    letter_t letter;

    memset(&letter, 0, sizeof(letter));
    sent = (!hands || file >= 0) && ask(p, queue, ref, &letter, -1, file) == SENT;
    if (file >= 0) {
        close(file);
    }
    return sent;
}

/* --- reading --- */

static server_rec *find_server(server_rec *s, const letter_t *letter)
{
    server_rec *host = s;
    int i;

    if (letter->generation != generation() || letter->server < 0) {
        return s;               /* of a configuration that this one is not */
    }
    for (i = 0; host && i < letter->server; i++) {
        host = host->next;
    }
    return host ? host : s;
}

/* The line as it was read by who asks; 0: it is none. In p, or in `bytes`. */
static int read_letter(apr_pool_t *p, char *bytes, size_t len, server_rec *s,
                       letter_t *letter, r307_mapref_t *ref)
{
    const char *texts[TEXTS];
    size_t at = sizeof(*letter);
    r307_context_t context;
    int i;

    if (len < sizeof(*letter)) {
        return 0;
    }
    memcpy(letter, bytes, sizeof(*letter));
    for (i = 0; i < TEXTS; i++) {
        if (!letter->lens[i] || letter->lens[i] > len - at
            || bytes[at + letter->lens[i] - 1] != '\0') {
            return 0;
        }
        texts[i] = bytes + at;
        at += letter->lens[i];
    }
    memset(ref, 0, sizeof(*ref));
    memset(&context, 0, sizeof(context));
    context.directive = "Redirect307Map";
    context.where = (r307_where_t)letter->where;
    context.is_tenant = !letter->is_conf;
    if (r307_map_parse(p, texts[TEXT_ARGS], &context, &ref->def)) {
        return 0;
    }
    ref->args = texts[TEXT_ARGS];
    ref->path = texts[TEXT_PATH];
    ref->directory = letter->is_conf ? NULL : texts[TEXT_DIRECTORY];
    ref->htaccess = texts[TEXT_HTACCESS];
    ref->folder = letter->folder;
    ref->no_links = letter->no_links;
    ref->key = r307_slice(texts[TEXT_KEY], letter->lens[TEXT_KEY] - 1);
    ref->place.file = texts[TEXT_FILE];
    ref->place.line = letter->line;
    ref->server = find_server(s, letter);
    ref->lines_most = letter->lines_most;
    ref->size_most = letter->size_most;
    ref->regex_most = letter->regex_most;
    ref->is_alone = letter->is_alone;
    ref->slot = -1;
    return !ref->directory || strncmp(ref->path, ref->directory, strlen(ref->directory)) == 0;
}

ssize_t r307_mapask_receive(int queue, char *bytes, size_t room, int *fds, int most)
{
    envelope_t envelope;
    struct cmsghdr *head;
    ssize_t n;
    int i;

    for (i = 0; i < most; i++) {
        fds[i] = -1;
    }
    fold_envelope(&envelope, bytes, room, most);
    n = recvmsg(queue, &envelope.message, MSG_DONTWAIT);
    head = n < 0 ? NULL : CMSG_FIRSTHDR(&envelope.message);
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        size_t len = head->cmsg_len - CMSG_LEN(0), all = (size_t)most * sizeof(int);

        memcpy(fds, CMSG_DATA(head), len < all ? len : all);
    }
    return n;
}

static void close_all(const int fds[FDS_MOST])
{
    int i;

    for (i = 0; i < FDS_MOST; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

void r307_mapask_take(int queue, r307_mapkeep_t *keep, server_rec *s)
{
    char *bytes = malloc(LETTER_MOST);
    int i, fds[FDS_MOST];
    apr_pool_t *p;

    apr_pool_create_unmanaged_ex(&p, NULL, NULL);
    for (i = 0; bytes && i < R307_MAPASK_MOST; i++) {
        ssize_t n = r307_mapask_receive(queue, bytes, LETTER_MOST, fds, FDS_MOST);
        r307_mapref_t ref;
        letter_t letter;

        if (n < 0) {
            break;
        }
        if (!read_letter(p, bytes, (size_t)n, s, &letter, &ref)
            || (letter.has_reply && fds[0] < 0)
            || (letter.has_file && fds[letter.has_reply ? 1 : 0] < 0)) {
            close_all(fds);
        }
        else {
            close_on_exec(fds[0]);
            ref.handed = letter.is_shut ? -1
                : letter.has_file ? fds[letter.has_reply ? 1 : 0] + 1 : 0;
            r307_mapkeep_ask(keep, &ref, letter.has_reply ? fds[0] : -1, letter.deadline);
        }
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    free(bytes);
}
