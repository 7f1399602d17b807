/* SPDX-License-Identifier: Apache-2.0
 * jobs.c - a ring of files between who names them and who judges them.
 *
 *	told ... | has the turn | read, or being read | not taken yet | free ...
 *	         ^ head                               ^ next          ^ tail
 */
#include "cli/check/jobs.h"

#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/cleanup.h"

enum check_job_state { JOB_OPEN, JOB_READ, JOB_TOLD };

struct check_job {
	struct check_jobs *jobs;
	size_t number; /* of the file, from 0 */
	struct check_file file;
	char *path, *shown; /* of it */
	struct arena arena; /* of what is kept */
	struct check_item *first, **last;
	enum check_job_state state;
	bool only_told; /* there is nothing to be read */
};

struct check_jobs {
	struct check_work work;
	unsigned threads, started, idle;
	pthread_t thread[CHECK_JOBS_MAX];
	atomic_bool stopped;

	pthread_mutex_t lock; /* of what follows, and of the states */
	pthread_cond_t named; /* a file to be read, or the end of them */
	pthread_cond_t told;  /* the turn is another one's, and there is room in the ring */
	size_t head, next, tail, room;
	bool ended;
	struct check_job ring[];
};

struct check_jobs *check_jobs_new(const struct check_work *work, unsigned threads)
{
	size_t room = (size_t)threads * CHECK_WINDOW;
	struct check_jobs *j = calloc(1, sizeof *j + room * sizeof *j->ring);

	if (!j)
		return NULL;
	j->work = *work;
	j->threads = threads < CHECK_JOBS_MAX ? threads : CHECK_JOBS_MAX;
	j->room = room;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->named, NULL);
	pthread_cond_init(&j->told, NULL);
	return j;
}

static struct check_job *check_job_of(struct check_jobs *j, size_t number)
{
	return &j->ring[number % j->room];
}

/* ---- telling: the turn is the caller's, and the lock is not held ---- */

static void check_job_tell(struct check_job *job, const struct check_item *item)
{
	struct check_jobs *j = job->jobs;

	if (!atomic_load(&j->stopped) && !j->work.tell(j->work.tell_ctx, &job->file, item))
		atomic_store(&j->stopped, true);
}

static void check_job_tell_kept(struct check_job *job)
{
	for (const struct check_item *i = job->first; i; i = i->next)
		check_job_tell(job, i);
	arena_done(&job->arena);
	job->first = NULL;
	job->last = &job->first;
}

static void check_job_free(struct check_job *job)
{
	arena_done(&job->arena);
	free(job->path);
	free(job->shown);
}

/* All that have been read, up to one that has not. The lock is held. */
static void check_jobs_tell_read(struct check_jobs *j)
{
	while (j->head < j->tail && check_job_of(j, j->head)->state == JOB_READ) {
		struct check_job *job = check_job_of(j, j->head);

		job->state = JOB_TOLD; /* nobody else tells it */
		pthread_mutex_unlock(&j->lock);
		check_job_tell_kept(job);
		check_job_free(job);
		pthread_mutex_lock(&j->lock);
		j->head++;
		pthread_cond_broadcast(&j->told);
	}
}

/* ---- reading ---- */

static bool check_job_has_turn(struct check_job *job)
{
	bool turn;

	pthread_mutex_lock(&job->jobs->lock);
	turn = job->jobs->head == job->number;
	pthread_mutex_unlock(&job->jobs->lock);
	return turn;
}

void check_job_wait(struct check_job *job)
{
	struct check_jobs *j = job->jobs;

	pthread_mutex_lock(&j->lock);
	while (j->head != job->number)
		pthread_cond_wait(&j->told, &j->lock);
	pthread_mutex_unlock(&j->lock);
}

static bool check_job_keep(struct check_job *job, const struct check_item *item)
{
	struct check_item *copy = check_item_copy(item, &job->arena);

	if (!copy)
		return false;
	*job->last = copy;
	job->last = &copy->next;
	return true;
}

void check_job_give(struct check_job *job, const struct check_item *item)
{
	if (!check_job_has_turn(job)) {
		if (check_job_keep(job, item))
			return;
		check_job_wait(job);
	}
	check_job_tell_kept(job);
	check_job_tell(job, item);
}

bool check_job_stopped(const struct check_job *job)
{
	return atomic_load(&job->jobs->stopped);
}

/* The lock is held, and given away while the file is read. */
static void check_jobs_read_next(struct check_jobs *j)
{
	struct check_job *job = check_job_of(j, j->next++);

	if (!job->only_told && !atomic_load(&j->stopped)) {
		pthread_mutex_unlock(&j->lock);
		j->work.read(j->work.read_ctx, &job->file, job);
		pthread_mutex_lock(&j->lock);
	}
	job->state = JOB_READ;
	check_jobs_tell_read(j);
}

static void *check_jobs_thread(void *arg)
{
	struct check_jobs *j = arg;

	pthread_mutex_lock(&j->lock);
	for (;;) {
		while (j->next == j->tail && !j->ended) {
			j->idle++;
			pthread_cond_wait(&j->named, &j->lock);
			j->idle--;
		}
		if (j->next == j->tail)
			break;
		check_jobs_read_next(j);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* ---- naming ---- */

/* Somebody reads it: a thread that waits, another one, or the caller. The lock is held. */
static void check_jobs_have_read(struct check_jobs *j)
{
	if (j->threads > 1 && j->tail - j->next > j->idle && j->started < j->threads &&
	    !pthread_create(&j->thread[j->started], NULL, check_jobs_thread, j))
		j->started++;
	if (j->started)
		pthread_cond_signal(&j->named);
	else
		check_jobs_read_next(j);
}

static int check_jobs_put(struct check_jobs *j, const struct check_file *file,
			  const struct check_item *only)
{
	struct check_job *job = check_job_of(j, j->tail);

	*job = (struct check_job){ .jobs = j, .number = j->tail, .only_told = only != NULL };
	arena_init(&job->arena, CHECK_KEPT_MAX);
	job->last = &job->first;
	job->path = strdup(file->path);
	job->shown = strdup(file->shown);
	job->file = (struct check_file){ job->path, job->shown, file->named };
	if (!job->path || !job->shown || (only && !check_job_keep(job, only))) {
		check_job_free(job);
		return -1;
	}
	j->tail++;
	check_jobs_have_read(j);
	return 0;
}

static int check_jobs_name(struct check_jobs *j, const struct check_file *file,
			   const struct check_item *only)
{
	int status;

	if (atomic_load(&j->stopped))
		return 0;
	pthread_mutex_lock(&j->lock);
	while (j->tail - j->head == j->room)
		pthread_cond_wait(&j->told, &j->lock);
	status = check_jobs_put(j, file, only);
	pthread_mutex_unlock(&j->lock);
	return status;
}

int check_jobs_add(struct check_jobs *jobs, const struct check_file *file)
{
	return check_jobs_name(jobs, file, NULL);
}

int check_jobs_add_told(struct check_jobs *jobs, const struct check_file *file,
			const struct check_item *item)
{
	return check_jobs_name(jobs, file, item);
}

void check_jobs_end(struct check_jobs *j)
{
	if (!j)
		return;
	pthread_mutex_lock(&j->lock);
	j->ended = true;
	pthread_cond_broadcast(&j->named);
	pthread_mutex_unlock(&j->lock);
	for (unsigned i = 0; i < j->started; i++)
		pthread_join(j->thread[i], NULL);
	pthread_cond_destroy(&j->told);
	pthread_cond_destroy(&j->named);
	pthread_mutex_destroy(&j->lock);
	free(j);
}
