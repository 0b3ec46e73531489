/* SPDX-License-Identifier: MIT */
/*
 * The subcommands. Each reads argv[1] and on, and returns the command's exit code.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

int command_run(int argc, char **argv);
int command_pub(int argc, char **argv);
int command_sub(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_probe(int argc, char **argv);

#endif
