/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/cleanup.h"

/* A path, or '@' and an abstract name. */
static int notify_address_of(const char *name, struct sockaddr_un *out, socklen_t *len,
			     struct err *err)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof out->sun_path)
		return err_set(err, ERR_USAGE, "$NOTIFY_SOCKET: '%.100s' is no socket's name",
			       name);
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, name, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'));
	if (name[0] == '@')
		out->sun_path[0] = '\0';
	return 0;
}

int notify_send(const char *state, struct err *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	socklen_t len;
	scoped(fd_end) int fd = -1;

	if (!name || !*name)
		return 0;
	if (notify_address_of(name, &to, &len, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
		return err_set(err, ERR_IO, "$NOTIFY_SOCKET: %s", strerror(errno));
	return 1;
}
