/* SPDX-License-Identifier: Apache-2.0
 * events.c - files of YAML through libyaml's events, and nothing made of them: the least that any
 * reader which stands on it must do. Prints how many events there were.
 */
#include <stdio.h>
#include <yaml.h>

static int file_events(const char *path, unsigned long *events)
{
	FILE *f = fopen(path, "re");
	yaml_parser_t parser;
	yaml_event_t event;
	int more = 1, status = 0;

	if (!f || !yaml_parser_initialize(&parser))
		return -1;
	yaml_parser_set_input_file(&parser, f);
	while (more && status == 0) {
		if (!yaml_parser_parse(&parser, &event)) {
			status = -1;
			break;
		}
		more = event.type != YAML_STREAM_END_EVENT;
		++*events;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	fclose(f);
	return status;
}

int main(int argc, char **argv)
{
	unsigned long events = 0;

	for (int i = 1; i < argc; i++)
		if (file_events(argv[i], &events) < 0) {
			fprintf(stderr, "%s: it cannot be read\n", argv[i]);
			return 2;
		}
	printf("%lu events\n", events);
	return 0;
}
