/*
 * cmd.h - the subcommands. Each takes its own argv (argv[0] is its name) and
 * returns the exit status: 0 clean, 1 findings or messages, 2 usage or input error.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#define EXIT_CLEAN    0
#define EXIT_FINDINGS 1
#define EXIT_INPUT    2

int cmd_serve(int argc, char **argv);
int cmd_review(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_certs(int argc, char **argv);
int cmd_alpha(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_versions(int argc, char **argv);
int cmd_learn(int argc, char **argv);
int cmd_replay(int argc, char **argv);

#endif
