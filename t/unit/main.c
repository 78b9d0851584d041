/* SPDX-License-Identifier: Apache-2.0
 *
 * main: runs the engine's tests. R307_DATA names the folder of the tables; CK_FORK=no
 * runs all of it in this process; the exit code tells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <apr_general.h>
#include "advice/advice.h"
#include "unit.h"

int main(void)
{
    Suite *suite = suite_create("engine");
    SRunner *runner;
    int failed;

    if (apr_initialize() != APR_SUCCESS) {
        return EXIT_FAILURE;
    }
    /* what is written without a zone is the machine's: the tables say so of UTC */
    setenv("TZ", "UTC0", 1);
    unit_rows_make();
    suite_add_tcase(suite, text_cases());
    suite_add_tcase(suite, open_below_cases());
    suite_add_tcase(suite, htaccess_pack_cases());
    suite_add_tcase(suite, htaccess_scan_cases());
    suite_add_tcase(suite, place_cases());
    suite_add_tcase(suite, conf_tree_cases());
    suite_add_tcase(suite, conf_walk_cases());
    suite_add_tcase(suite, url_cases());
    suite_add_tcase(suite, idn_cases());
    suite_add_tcase(suite, path_cases());
    suite_add_tcase(suite, expr_tell_cases());
    suite_add_tcase(suite, literal_cases());
    suite_add_tcase(suite, token_cases());
    suite_add_tcase(suite, query_cases());
    suite_add_tcase(suite, datetime_cases());
    suite_add_tcase(suite, ip_cases());
    suite_add_tcase(suite, hash_cases());
    suite_add_tcase(suite, frequent_cases());
    suite_add_tcase(suite, sends_cases());
    suite_add_tcase(suite, access_line_cases());
    suite_add_tcase(suite, cookie_cases());
    suite_add_tcase(suite, pattern_cases());
    suite_add_tcase(suite, target_cases());
    suite_add_tcase(suite, cond_cases());
    suite_add_tcase(suite, guard_cases());
    suite_add_tcase(suite, lint_loop_cases());
    suite_add_tcase(suite, lint_across_cases());
    suite_add_tcase(suite, plan_cases());
    suite_add_tcase(suite, share_cases());
    suite_add_tcase(suite, limit_cases());
    suite_add_tcase(suite, lint_rule_cases());
    suite_add_tcase(suite, regex_cases());
    suite_add_tcase(suite, regex_needs_cases());
    suite_add_tcase(suite, rule_group_cases());
    suite_add_tcase(suite, line_cases());
    suite_add_tcase(suite, advice_cases());
    suite_add_tcase(suite, map_build_cases());
    suite_add_tcase(suite, decide_cases());
    suite_add_tcase(suite, case_cases());
    suite_add_tcase(suite, prefilter_cases());
    suite_add_tcase(suite, index_join_cases());
    suite_add_tcase(suite, filestate_cases());
    suite_add_tcase(suite, arena_cases());
    suite_add_tcase(suite, hits_cases());
    suite_add_tcase(suite, served_cases());
    suite_add_tcase(suite, identity_cases());
    suite_add_tcase(suite, status_cases());
    suite_add_tcase(suite, index_cases());
    suite_add_tcase(suite, image_cases());
    suite_add_tcase(suite, maintenance_decide_cases());
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("rows: %d\n", unit_rows_checked());
    apr_terminate();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
