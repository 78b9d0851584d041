/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "conf/conf_tree.h"
#include "unit.h"

static int has_module(void *baton, const char *name)
{
    return strcmp(name, "mod_so.c") == 0;
}

static const char *env(void *baton, const char *name, int *is_sure)
{
    *is_sure = strcmp(name, "UNSURE") != 0;
    return strcmp(name, "HOME") == 0 ? "/home" : NULL;
}

static const char *include(void *baton, r307_tree_t *tree, const char *name, int is_optional)
{
    if (strcmp(name, "none") == 0) {
        return is_optional ? NULL : "there is no file";
    }
    r307_tree_add(tree, name, "In of \"it\"\n", 11);
    return NULL;
}

static const r307_tree_host_t host = { has_module, NULL, env, include, NULL };

/* "A x;<S y>{B;}": what is left of a text. */
static const char *show(apr_pool_t *p, const r307_node_t *first)
{
    const char *text = "";

    for (; first; first = first->next) {
        text = first->is_section
            ? apr_pstrcat(p, text, first->is_maybe ? "?" : "", "<", first->name, " ",
                          first->args, ">{", show(p, first->child), "}", NULL)
            : apr_pstrcat(p, text, first->name, *first->args ? " " : "", first->args, ";",
                          NULL);
    }
    return text;
}

START_TEST(trees)
{
    static const struct {
        const char *text, *tree;
        int problems;
    } rows[] = {
        { "A 1\n  B 2  \n# c\n\nC", "A 1;B 2;C;", 0 },
        { "A 1 \\\n 2\nB", "A 1  2;B;", 0 },
        { "A\r\n<S x>\r\nB\r\n</s>\r\n", "A;<S x>{B;}", 0 },
        { "<S>\nA\n", "<S >{A;}", 1 },
        { "</S>\nA\n", "A;", 1 },
        { "<S>\n<T>\n</S>\n</T>\n</S>\n", "<S >{<T >{}}", 1 },
        { "Define X /a\nA ${X}/b ${Y} ${HOME}\nUnDefine X\nB ${X}\n",
          "A /a/b ${Y} /home;B ${X};", 0 },
        { "<IfDefine X>\nA\n</IfDefine>\n<IfDefine !X>\nB\n</IfDefine>\n",
          "<IfDefine X>{}<IfDefine !X>{B;}", 0 },
        { "<IfDefine X>\n<IfDefine Y>\nA\n</IfDefine>\nB\n</IfDefine>\nC\n",
          "<IfDefine X>{}C;", 0 },
        { "<IfModule mod_so.c>\nA\n</IfModule>\n<IfModule x_module>\nB\n</IfModule>\n"
          "LoadModule x_module mod_x.so\n<IfModule mod_x.c>\nC\n</IfModule>\n",
          "<IfModule mod_so.c>{A;}<IfModule x_module>{}LoadModule x_module mod_x.so;"
          "<IfModule mod_x.c>{C;}", 0 },
        { "<IfVersion >= 2.4>\nA\n</IfVersion>\n<IfVersion < 2.4.9>\nB\n</IfVersion>\n"
          "<IfVersion 2.4.10>\nC\n</IfVersion>\n<IfVersion !>2.5>\nD\n</IfVersion>\n",
          "<IfVersion >= 2.4>{A;}<IfVersion < 2.4.9>{}<IfVersion 2.4.10>{C;}"
          "<IfVersion !>2.5>{D;}", 0 },
        { "<IfVersion ~ ^2>\nA\n</IfVersion>\n", "?<IfVersion ~ ^2>{A;}", 0 },
        { "<IfFile x>\nA\n</IfFile>\n", "?<IfFile x>{A;}", 0 },
        { "<Macro M $a $ab>\nA $a $ab\n</Macro>\nUse M 1 2\nUse m 3 4\nUse M 1\nUse N\n",
          "A 1 2;A 3 4;", 2 },
        { "<Macro Q @a>\nA @a\n</Macro>\nUse Q \"b c\"\nUse Q d\n", "A \"b c\";A d;", 0 },
        { "<Macro A>\nUse B\nUse B\n</Macro>\n<Macro B>\nUse A\nX\n</Macro>\nUse A\nUse B\n",
          "X;X;X;", 4 },
        { "Include x\nIncludeOptional none\nInclude none\nA\n", "In of \"it\";A;", 1 },
        { "<S \"a b\" c>\n</S>\n", "<S \"a b\" c>{}", 0 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_tree_t tree;
        const char *got;

        r307_tree_make(&tree, p, &host);
        tree.version = "2.4.10";
        r307_tree_add(&tree, "x.conf", rows[i].text, strlen(rows[i].text));
        got = show(p, tree.top->child);
        ck_assert_msg(strcmp(got, rows[i].tree) == 0, "row %d: %s", (int)i, got);
        ck_assert_msg(tree.problems->nelts == rows[i].problems, "row %d: %d problems",
                      (int)i, tree.problems->nelts);
        unit_rows_add(1);
    }
}
END_TEST

START_TEST(places)
{
    const char *text = "A\n\nB \\\n c\nC\n<Macro M>\nD\n</Macro>\nUse M\nE\n";
    static const unsigned lines[] = { 1, 4, 5, 7, 10 };
    apr_pool_t *p = unit_pool();
    const r307_node_t *node;
    r307_tree_t tree;
    int i = 0;

    r307_tree_make(&tree, p, &host);
    r307_tree_add(&tree, "x.conf", text, strlen(text));
    for (node = tree.top->child; node; node = node->next) {
        ck_assert_uint_eq(node->line, lines[i++]);
        ck_assert_str_eq(node->file, "x.conf");
    }
    ck_assert_int_eq(i, 5);
    unit_rows_add(5);
}
END_TEST

START_TEST(words)
{
    apr_pool_t *p = unit_pool();
    apr_array_header_t *list = r307_conf_words(p, "a \"b \\\" c\" 'd\\e'  f\\ ");

    ck_assert_int_eq(list->nelts, 4);
    ck_assert_str_eq(APR_ARRAY_IDX(list, 1, const char *), "b \" c");
    ck_assert_str_eq(APR_ARRAY_IDX(list, 2, const char *), "d\\e");
    ck_assert_str_eq(APR_ARRAY_IDX(list, 3, const char *), "f\\");
    unit_rows_add(1);
}
END_TEST

TCase *conf_tree_cases(void)
{
    TCase *tcase = tcase_create("conf_tree");

    tcase_add_test(tcase, trees);
    tcase_add_test(tcase, places);
    tcase_add_test(tcase, words);
    return tcase;
}
