/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include "file/open_below.h"
#include "file/folder.h"
#include "file/read_whole.h"
#include "unit.h"

/* A folder as a tenant has it: site/ with a map, folders, a pipe and links, and beside it
 * outside/, with what is not the tenant's. */
static char top[64];

static const char *at(apr_pool_t *p, const char *name)
{
    return apr_pstrcat(p, top, "/", name, NULL);
}

static void write_file(apr_pool_t *p, const char *name, const char *text)
{
    int fd = open(at(p, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void make_site(apr_pool_t *p)
{
    strcpy(top, "/tmp/r307-open-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(mkdir(at(p, "site"), 0711), 0);
    ck_assert_int_eq(mkdir(at(p, "site/sub"), 0711), 0);
    ck_assert_int_eq(mkdir(at(p, "outside"), 0755), 0);
    write_file(p, "site/a.map", "0123456789");
    write_file(p, "site/sub/b.map", "x");
    write_file(p, "site/..map", "x");
    write_file(p, "outside/secret", "s");
    ck_assert_int_eq(mkfifo(at(p, "site/pipe.map"), 0600), 0);
    ck_assert_int_eq(symlink("a.map", at(p, "site/inside.map")), 0);
    ck_assert_int_eq(symlink("../outside/secret", at(p, "site/link.map")), 0);
    ck_assert_int_eq(symlink("../outside", at(p, "site/folder")), 0);
    ck_assert_int_eq(symlink("sub", at(p, "site/near")), 0);
    ck_assert_int_eq(symlink("round", at(p, "site/round")), 0);
    ck_assert_int_eq(symlink("/dev/null", at(p, "site/null.map")), 0);
}

static void remove_site(apr_pool_t *p)
{
    static const char *const files[] = {
        "site/a.map", "site/sub/b.map", "site/..map", "outside/secret", "site/pipe.map",
        "site/inside.map", "site/link.map", "site/folder", "site/near", "site/round",
        "site/null.map"
    };
    static const char *const folders[] = { "site/sub", "site", "outside", "" };
    size_t i;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        unlink(at(p, files[i]));
    }
    for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        rmdir(at(p, folders[i]));
    }
}

static void check(apr_pool_t *p, const char *what, r307_open_result_t got,
                  r307_open_result_t want, const r307_opened_t *opened)
{
    ck_assert_msg(got == want, "%s: %d (%s), wanted %d", what, (int)got,
                  r307_open_text(p, got, opened), (int)want);
    ck_assert_msg((opened->fd >= 0) == (want == R307_OPEN_FINE), "%s: descriptor", what);
    unit_rows_add(1);
    if (opened->fd >= 0) {
        close(opened->fd);
    }
}

static const struct {
    const char *name;
    r307_open_result_t want;
} below[] = {
    { "a.map", R307_OPEN_FINE },
    { "./a.map", R307_OPEN_FINE },
    { "sub/b.map", R307_OPEN_FINE },
    { "sub//b.map", R307_OPEN_FINE },
    { "..map", R307_OPEN_FINE },
    { "missing.map", R307_OPEN_MISSING },
    { "sub/missing.map", R307_OPEN_MISSING },
    { "", R307_OPEN_NOT_PLAIN },
    { "/etc/passwd", R307_OPEN_OUTSIDE },
    { "../outside/secret", R307_OPEN_OUTSIDE },
    { "sub/../a.map", R307_OPEN_OUTSIDE },
    { "sub/../../outside/secret", R307_OPEN_OUTSIDE },
    { "..", R307_OPEN_OUTSIDE },
    { "link.map", R307_OPEN_LINKED },
    { "inside.map", R307_OPEN_LINKED },
    { "folder/secret", R307_OPEN_LINKED },
    { "near/b.map", R307_OPEN_LINKED },
    { "round", R307_OPEN_LINKED },
    { "null.map", R307_OPEN_LINKED },
    { "pipe.map", R307_OPEN_NOT_PLAIN },
    { "sub", R307_OPEN_NOT_PLAIN },
    { ".", R307_OPEN_NOT_PLAIN },
    { "a.map/b", R307_OPEN_NO_FOLDER },
    { "pipe.map/b", R307_OPEN_NO_FOLDER }
};

static const struct {
    const char *name;
    r307_open_result_t want;
} folders[] = {
    { "", R307_OPEN_FINE },
    { "sub", R307_OPEN_FINE },
    { "sub/", R307_OPEN_FINE },
    { "none", R307_OPEN_MISSING },
    { "a.map", R307_OPEN_NO_FOLDER },
    { "pipe.map", R307_OPEN_NO_FOLDER },
    { "near", R307_OPEN_LINKED },
    { "..", R307_OPEN_OUTSIDE },
    { "/tmp", R307_OPEN_OUTSIDE }
};

START_TEST(below_a_directory)
{
    apr_pool_t *p = unit_pool();
    r307_opened_t folder, opened;
    size_t i;

    make_site(p);
    ck_assert_int_eq(r307_open_folder(at(p, "site"), NULL, &folder), R307_OPEN_FINE);
    for (i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        check(p, below[i].name, r307_open_below(folder.fd, below[i].name, NULL, &opened),
              below[i].want, &opened);
    }
    for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        check(p, folders[i].name, r307_open_folder_below(folder.fd, folders[i].name,
                                                         &opened),
              folders[i].want, &opened);
    }
    close(folder.fd);
    remove_site(p);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(a_device_is_not_opened)
{
    apr_pool_t *p = unit_pool();
    r307_opened_t folder, opened;

    ck_assert_int_eq(r307_open_folder("/dev", NULL, &folder), R307_OPEN_FINE);
    check(p, "null", r307_open_below(folder.fd, "null", NULL, &opened),
          R307_OPEN_NOT_PLAIN, &opened);
    check(p, "zero", r307_open_named("/dev/zero", 0, NULL, &opened), R307_OPEN_NOT_PLAIN,
          &opened);
    close(folder.fd);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(owner_and_size)
{
    apr_pool_t *p = unit_pool();
    r307_open_rule_t rule = { 10, 2, { 0, 0 } };
    r307_opened_t folder, opened;

    make_site(p);
    ck_assert_int_eq(r307_open_folder(at(p, "site"), NULL, &folder), R307_OPEN_FINE);
    rule.owners[0] = 4000000000u;
    rule.owners[1] = (apr_uint32_t)geteuid();
    check(p, "mine", r307_open_below(folder.fd, "a.map", &rule, &opened), R307_OPEN_FINE,
          &opened);
    ck_assert_uint_eq(opened.size, 10);
    ck_assert_uint_eq(opened.as.owner, geteuid());
    rule.size_most = 9;
    check(p, "large", r307_open_below(folder.fd, "a.map", &rule, &opened),
          R307_OPEN_LARGE, &opened);
    ck_assert_str_eq(r307_open_text(p, R307_OPEN_LARGE, &opened),
                     "has 10 bytes, and 9 are read at most");
    rule.owners[1] = 4000000001u;
    check(p, "foreign", r307_open_below(folder.fd, "a.map", &rule, &opened),
          R307_OPEN_FOREIGN, &opened);
    close(folder.fd);
    remove_site(p);
    apr_pool_destroy(p);
}
END_TEST

/* What was a directory of the tenant is a link to another's when it is opened again. */
START_TEST(a_directory_as_it_was_seen)
{
    apr_pool_t *p = unit_pool();
    r307_opened_t folder, opened;
    r307_folder_t seen;

    make_site(p);
    ck_assert_int_eq(r307_open_folder(at(p, "site"), NULL, &folder), R307_OPEN_FINE);
    seen = folder.as;
    close(folder.fd);
    check(p, "the same", r307_open_folder(at(p, "site"), &seen, &opened), R307_OPEN_FINE,
          &opened);
    ck_assert_int_eq(rename(at(p, "site"), at(p, "site.old")), 0);
    ck_assert_int_eq(symlink("outside", at(p, "site")), 0);
    check(p, "a link", r307_open_folder(at(p, "site"), &seen, &opened),
          R307_OPEN_REPLACED, &opened);
    ck_assert_int_eq(unlink(at(p, "site")), 0);
    check(p, "gone", r307_open_folder(at(p, "site"), &seen, &opened), R307_OPEN_MISSING,
          &opened);
    ck_assert_int_eq(rename(at(p, "site.old"), at(p, "site")), 0);
    check(p, "back", r307_open_folder(at(p, "site"), &seen, &opened), R307_OPEN_FINE,
          &opened);
    seen.owner++;
    check(p, "another owner", r307_open_folder(at(p, "site"), &seen, &opened),
          R307_OPEN_REPLACED, &opened);
    check(p, "a file", r307_open_folder(at(p, "site/a.map"), NULL, &opened),
          R307_OPEN_NO_FOLDER, &opened);
    remove_site(p);
    apr_pool_destroy(p);
}
END_TEST

static const struct {
    const char *name;
    int want_folder;
    r307_open_result_t want;            /* when the links are this user's own */
    r307_open_result_t of_others;       /* when another user made them */
} named[] = {
    { "site/a.map", 0, R307_OPEN_FINE, R307_OPEN_FINE },
    { "site/sub/../a.map", 0, R307_OPEN_FINE, R307_OPEN_FINE },
    { "site/inside.map", 0, R307_OPEN_FINE, R307_OPEN_LINKED },
    { "site/link.map", 0, R307_OPEN_FINE, R307_OPEN_LINKED },
    { "site/folder/secret", 0, R307_OPEN_FINE, R307_OPEN_LINKED },
    { "site/round", 0, R307_OPEN_LINKED, R307_OPEN_LINKED },
    { "site/null.map", 0, R307_OPEN_NOT_PLAIN, R307_OPEN_NOT_PLAIN },
    { "site/pipe.map", 0, R307_OPEN_NOT_PLAIN, R307_OPEN_NOT_PLAIN },
    { "site/sub", 0, R307_OPEN_NOT_PLAIN, R307_OPEN_NOT_PLAIN },
    { "site/none", 0, R307_OPEN_MISSING, R307_OPEN_MISSING },
    { "site/a.map/x", 0, R307_OPEN_NO_FOLDER, R307_OPEN_NO_FOLDER },
    { "site", 1, R307_OPEN_FINE, R307_OPEN_FINE },
    { "site/", 1, R307_OPEN_FINE, R307_OPEN_FINE },
    { "site/folder", 1, R307_OPEN_FINE, R307_OPEN_LINKED },
    { "site/near/..", 1, R307_OPEN_FINE, R307_OPEN_LINKED },
    { "site/a.map", 1, R307_OPEN_NO_FOLDER, R307_OPEN_NO_FOLDER }
};

/* The same once more when the links belong to another user, which only root can make. */
START_TEST(what_a_person_named)
{
    static const char *const links[] = { "site/inside.map", "site/link.map",
                                         "site/folder", "site/near", "site/round",
                                         "site/null.map" };
    apr_pool_t *p = unit_pool();
    r307_opened_t opened;
    size_t i, k;

    make_site(p);
    for (k = 0; k < (geteuid() == 0 ? 2u : 1u); k++) {
        for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
            check(p, named[i].name, r307_open_named(at(p, named[i].name),
                                                    named[i].want_folder, NULL, &opened),
                  k ? named[i].of_others : named[i].want, &opened);
        }
        for (i = 0; !k && geteuid() == 0 && i < sizeof(links) / sizeof(links[0]); i++) {
            ck_assert_int_eq(lchown(at(p, links[i]), 65534, (gid_t)-1), 0);
        }
    }
    if (geteuid() == 0) {       /* who made the link has what it leads to */
        ck_assert_int_eq(chown(at(p, "site/a.map"), 65534, (gid_t)-1), 0);
        check(p, "his own", r307_open_named(at(p, "site/inside.map"), 0, NULL, &opened),
              R307_OPEN_FINE, &opened);
    }
    remove_site(p);
    apr_pool_destroy(p);
}
END_TEST

/* From its beginning, wherever the descriptor is at, and not beyond what there is room for. */
START_TEST(all_of_a_file)
{
    apr_pool_t *p = unit_pool();
    r307_opened_t opened;
    char bytes[16];

    make_site(p);
    ck_assert_int_eq(r307_open_named(at(p, "site/a.map"), 0, NULL, &opened), R307_OPEN_FINE);
    ck_assert_int_eq(lseek(opened.fd, 0, SEEK_END), 10);
    ck_assert_int_eq(r307_open_read(opened.fd, bytes, sizeof(bytes)), 10);
    ck_assert(memcmp(bytes, "0123456789", 10) == 0);
    ck_assert_int_eq(r307_open_read(opened.fd, bytes, 2), 2);
    close(opened.fd);
    ck_assert_int_eq(r307_open_read(-1, bytes, 2), -1);
    remove_site(p);
    apr_pool_destroy(p);
}
END_TEST

/* Files of all sizes around the room that is asked for first, and around the bound. */
START_TEST(what_was_opened_is_read)
{
    static const size_t sizes[] = { 0, 1, 7, 8, 9, 15, 16, 17, 99, 100, 101, 400 };
    apr_pool_t *p = unit_pool();
    char text[401], *bytes;
    size_t i, len;

    make_site(p);
    memset(text, 'a', sizeof(text));
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int fd;

        text[sizes[i]] = '\0';
        write_file(p, "site/whole", text);
        text[sizes[i]] = 'a';
        fd = open(at(p, "site/whole"), O_RDONLY);
        bytes = r307_read_whole(fd, 8, 100, &len);
        ck_assert_ptr_nonnull(bytes);
        ck_assert_uint_eq(len, sizes[i] > 100 ? 101 : sizes[i]);
        ck_assert(!memcmp(bytes, text, len) && !bytes[len]);
        free(bytes);
        close(fd);
        unit_rows_add(1);
    }
    ck_assert_int_eq(unlink(at(p, "site/whole")), 0);
    ck_assert_ptr_null(r307_read_whole(-1, 8, 100, &len));
    remove_site(p);
    apr_pool_destroy(p);
}
END_TEST

/* What cannot be read is not taken for the end. */
START_TEST(all_of_a_folder)
{
    apr_pool_t *p = unit_pool();
    int names = 0, kinds[4] = { 0 }, null = open("/dev/null", O_RDONLY);
    r307_entry_t kind;
    DIR *dir;

    make_site(p);
    ck_assert_ptr_null(r307_folder_open(AT_FDCWD, at(p, "nothing")));
    ck_assert_int_eq(errno, ENOENT);
    dir = r307_folder_open(AT_FDCWD, at(p, "site"));
    ck_assert_ptr_nonnull(dir);
    while (r307_folder_next(dir, &kind)) {
        names++;
        kinds[kind]++;
        errno = EIO;        /* of whoever looks at it */
    }
    ck_assert_int_eq(errno, 0);
    ck_assert_int_eq(kinds[R307_ENTRY_FOLDER], 1);
    ck_assert_int_eq(kinds[R307_ENTRY_PLAIN], 2);
    ck_assert_int_eq(kinds[R307_ENTRY_OTHER], 7);
    ck_assert_int_eq(names, 10);
    rewinddir(dir);
    ck_assert_int_ge(dup2(null, dirfd(dir)), 0);
    ck_assert_ptr_null(r307_folder_next(dir, &kind));
    ck_assert_int_eq(errno, ENOTDIR);
    r307_folder_close(dir);
    ck_assert_int_eq(errno, ENOTDIR);
    close(null);
    remove_site(p);
    apr_pool_destroy(p);
}
END_TEST

TCase *open_below_cases(void)
{
    TCase *cases = tcase_create("open_below");

    tcase_add_test(cases, below_a_directory);
    tcase_add_test(cases, a_device_is_not_opened);
    tcase_add_test(cases, owner_and_size);
    tcase_add_test(cases, a_directory_as_it_was_seen);
    tcase_add_test(cases, what_a_person_named);
    tcase_add_test(cases, all_of_a_file);
    tcase_add_test(cases, all_of_a_folder);
    tcase_add_test(cases, what_was_opened_is_read);
    return cases;
}
