/*
 * cmd.h - the subcommands. Each takes its own argv (argv[0] is its name) and
 * returns the exit status: 0 done, 1 the cluster does not do what it should, 2 usage error.
 */
#ifndef AGENT_CMD_H
#define AGENT_CMD_H

#define AGENT_DONE   0
#define AGENT_FAILED 1
#define AGENT_USAGE  2

int cmd_run(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_remove(int argc, char **argv);

#endif
