/* SPDX-License-Identifier: Apache-2.0
 *
 * The shared block's tests alone, in one process, for ThreadSanitizer: see t/analyze/run. */
#include <stdlib.h>
#include <apr_general.h>
#include <check.h>

TCase *arena_cases(void);

int main(void)
{
    Suite *suite = suite_create("threads");
    SRunner *runner;
    int failed;

    apr_initialize();
    suite_add_tcase(suite, arena_cases());
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    apr_terminate();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
