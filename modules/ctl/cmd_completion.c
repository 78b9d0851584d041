/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl completion: the table of commands as a program of a shell. */
#include "cmd.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"

static int is_end(const ctl_option_t *option)
{
    return !option->name && !option->letter;
}

static const char *word_of(apr_pool_t *p, const ctl_option_t *option)
{
    return option->name ? apr_pstrcat(p, "--", option->name, NULL)
                        : apr_psprintf(p, "-%c", option->letter);
}

/* "text|gcc" as words; NULL: it is none of a few. */
static const char *choices_of(apr_pool_t *p, const char *value)
{
    char *words, *s;

    if (!value || !strchr(value, '|')) {
        return NULL;
    }
    words = apr_pstrmemdup(p, value, strcspn(value, " "));
    for (s = words; (s = strchr(s, '|')); *s = ' ') {
        continue;
    }
    return words;
}

/* What may stand for the first operand, as words are written small; NULL: a file. */
static const char *operands_of(apr_pool_t *p, const ctl_command_t *command)
{
    return apr_islower(*command->operands) ? choices_of(p, command->operands) : NULL;
}

static const char *all_commands(apr_pool_t *p)
{
    const char *all = ctl_commands[0].name;
    size_t i;

    for (i = 1; i < ctl_command_count; i++) {
        all = apr_pstrcat(p, all, " ", ctl_commands[i].name, NULL);
    }
    return all;
}

static int is_of_commands(const ctl_command_t *command)
{
    return strcmp(command->operands, "[COMMAND]") == 0;
}

/* --- bash --- */

static void print_bash_command(apr_pool_t *p, const ctl_command_t *command)
{
    const ctl_option_t *option = command->options;
    const char *first = is_of_commands(command) ? all_commands(p) : operands_of(p, command);

    printf("    %s)\n        options='", command->name);
    for (; !is_end(option); option++) {
        printf("%s ", word_of(p, option));
    }
    printf("--help'\n        first='%s'\n        case $prev in\n", first ? first : "");
    for (option = command->options; !is_end(option); option++) {
        const char *choices = choices_of(p, option->value);

        if (option->value) {
            printf("        %s) values='%s' is_value=1 ;;\n", word_of(p, option),
                   choices ? choices : "");
        }
    }
    printf("        esac\n        ;;\n");
}

static void print_bash(apr_pool_t *p)
{
    size_t i;

    printf("# bash completion of redirect307ctl, made by redirect307ctl completion bash\n"
           "_redirect307ctl()\n{\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local options='' first='' values='' is_value=''\n"
           "    # --x=y are three words to bash\n"
           "    if [ \"$cur\" = = ]; then\n"
           "        cur=''\n"
           "    elif [ \"$prev\" = = ]; then\n"
           "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
           "    fi\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        COMPREPLY=($(compgen -W '%s --help --version' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case ${COMP_WORDS[1]} in\n", all_commands(p));
    for (i = 0; i < ctl_command_count; i++) {
        print_bash_command(p, &ctl_commands[i]);
    }
    printf("    esac\n"
           "    if [ -n \"$is_value\" ]; then\n"
           "        COMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
           "    elif [ \"${cur#-}\" != \"$cur\" ]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
           "    elif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
           "        COMPREPLY=($(compgen -W \"$first\" -- \"$cur\"))\n"
           "    fi\n"
           "}\n"
           "complete -o default -F _redirect307ctl redirect307ctl\n");
}

/* --- zsh --- */

/* Text inside of '[...]' in single quotes. */
static void print_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'') {
            printf("'\\''");
        }
        else {
            printf("%s%c", strchr("[]:\\", *text) ? "\\" : "", *text);
        }
    }
}

static void print_zsh_option(apr_pool_t *p, const ctl_option_t *option)
{
    const char *choices = choices_of(p, option->value);

    printf(" \\\n            '*%s%s[", word_of(p, option),
           option->value && option->name ? "=" : "");
    print_zsh_text(option->text);
    putchar(']');
    if (choices) {
        printf(":value:(%s)", choices);
    }
    else if (option->value) {
        printf(":value:_files");
    }
    putchar('\'');
}

static void print_zsh_command(apr_pool_t *p, const ctl_command_t *command)
{
    const ctl_option_t *option = command->options;
    const char *first = is_of_commands(command) ? all_commands(p) : operands_of(p, command);

    printf("    %s)\n        _arguments -S", command->name);
    for (; !is_end(option); option++) {
        print_zsh_option(p, option);
    }
    printf(" \\\n            '(-h --help)'{-h,--help}'[help]'");
    if (first) {
        printf(" \\\n            '1:operand:(%s)'", first);
    }
    printf(" \\\n            '*:file:_files'\n        ;;\n");
}

static void print_zsh(apr_pool_t *p)
{
    size_t i;

    printf("#compdef redirect307ctl\n"
           "# zsh completion of redirect307ctl, made by redirect307ctl completion zsh\n"
           "local -a commands\ncommands=(\n");
    for (i = 0; i < ctl_command_count; i++) {
        printf("    '%s:", ctl_commands[i].name);
        print_zsh_text(ctl_commands[i].text);
        printf("'\n");
    }
    printf(")\n"
           "if (( CURRENT == 2 )); then\n"
           "    _describe -t commands 'command' commands\n"
           "    return\n"
           "fi\n"
           "shift words\n"
           "(( CURRENT-- ))\n"
           "case $words[1] in\n");
    for (i = 0; i < ctl_command_count; i++) {
        print_zsh_command(p, &ctl_commands[i]);
    }
    printf("esac\n");
}

ctl_exit_t ctl_cmd_completion(const ctl_args_t *args)
{
    const char *shell = args->words[0];

    if (strcmp(shell, "bash") == 0) {
        print_bash(args->p);
        return CTL_EXIT_FINE;
    }
    if (strcmp(shell, "zsh") == 0) {
        print_zsh(args->p);
        return CTL_EXIT_FINE;
    }
    return ctl_args_refuse(args, apr_psprintf(args->p, "'%s' is none of bash and zsh",
                                              r307_text_show(args->p, shell, strlen(shell))));
}
