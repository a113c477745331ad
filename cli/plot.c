#define _GNU_SOURCE /* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "plot_internal.h"

extern char **environ;

/* gnuplot with its standard input from a pipe, output and complaints into files that nobody else sees. */
typedef struct process {
    pid_t pid;
    int   input;
    FILE *output, *complaints;
} process;

static int spawn(process *p, int from)
{
    static char *const         argv[] = { "gnuplot", "-", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t          attributes;
    sigset_t                   pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, from, 0);
    posix_spawn_file_actions_adddup2(&actions, fileno(p->output), 1);
    posix_spawn_file_actions_adddup2(&actions, fileno(p->complaints), 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    /* a group of its own: Ctrl-C at the terminal is for us, who still want the report's figures */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int error = posix_spawnp(&p->pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static ad_status start(process *p)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return ad_fail(AD_IO, "no pipe to gnuplot: %s", strerror(errno));
    int error = spawn(p, ends[0]);
    close(ends[0]);
    p->input = ends[1];
    if (!error) return AD_OK;
    close(ends[1]);
    if (error == ENOENT)
        return ad_fail(AD_UNSUPPORTED, "gnuplot is not installed (`apt-get install gnuplot-nox`)");
    return ad_fail(AD_IO, "gnuplot could not be started: %s", strerror(error));
}

/* Writing to a process that has died is no reason to die. */
static void feed(int to, const char *text, size_t size)
{
    struct sigaction ignore, before;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before);
    while (size > 0) {
        ssize_t n = write(to, text, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break; /* how it ended tells why */
        text += n;
        size -= (size_t)n;
    }
    close(to);
    sigaction(SIGPIPE, &before, NULL);
}

/* gnuplot shows the command, points at a place in it and says at last what is wrong. */
static void last_line(FILE *from, char *line, int size)
{
    char text[256];
    *line = 0;
    rewind(from);
    while (fgets(text, sizeof text, from)) {
        text[strcspn(text, "\n")] = 0;
        if (text[strspn(text, " ^")]) snprintf(line, (size_t)size, "%s", text + strspn(text, " "));
    }
}

static ad_status finish(process *p)
{
    int   status;
    char  said[200];
    pid_t done;
    while ((done = waitpid(p->pid, &status, 0)) < 0 && errno == EINTR) continue;
    last_line(p->complaints, said, sizeof said);
    if (done < 0) return ad_fail(AD_IO, "gnuplot was lost: %s", strerror(errno));
    if (WIFSIGNALED(status))
        return ad_fail(AD_IO, "gnuplot was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status)) return ad_fail(AD_IO, "gnuplot failed: %s", said);
    return AD_OK;
}

static ad_status slurp(FILE *from, char **text, size_t *bytes)
{
    cli_buffer b = { 0 };
    char       piece[1 << 14];
    rewind(from);
    for (size_t n; (n = fread(piece, 1, sizeof piece, from)) > 0;) cli_buffer_add(&b, piece, n);
    *text  = b.text;
    *bytes = b.size;
    if (b.status) cli_buffer_free(&b), *text = NULL;
    if (b.status) return b.status;
    return b.size ? AD_OK : ad_fail(AD_IO, "gnuplot drew nothing");
}

ad_status cli_gnuplot(const char *script, size_t size, char **result, size_t *bytes)
{
    process p   = { .output = tmpfile(), .complaints = tmpfile() };
    *result     = NULL;
    *bytes      = 0;
    ad_status s = p.output && p.complaints
                      ? start(&p)
                      : ad_fail(AD_IO, "no temporary file for a figure: %s", strerror(errno));
    if (s == AD_OK) {
        feed(p.input, script, size);
        s = finish(&p);
        if (s == AD_OK) s = slurp(p.output, result, bytes);
    }
    if (p.output) fclose(p.output);
    if (p.complaints) fclose(p.complaints);
    return s;
}

static ad_status draw(const cli_figure *f, int svg, char **result, size_t *bytes)
{
    cli_buffer script = { 0 };
    cli_plot_script(&script, f, svg);
    ad_status s = script.status ? script.status
                                : cli_gnuplot(script.text, script.size, result, bytes);
    cli_buffer_free(&script);
    return s;
}

ad_status cli_plot_svg(const cli_figure *f, char **svg, size_t *bytes)
{
    return draw(f, 1, svg, bytes);
}

ad_status cli_plot(const cli_figure *f, const char *path)
{
    const char *dot = strrchr(path, '.');
    int         svg = dot && strcasecmp(dot, ".svg") == 0;
    char       *picture;
    size_t      bytes;
    ad_file     file;
    if (!svg && !(dot && strcasecmp(dot, ".png") == 0))
        return ad_fail(AD_INVALID, "%s: figures are .png or .svg", path);
    AD_TRY(draw(f, svg, &picture, &bytes));
    ad_status s = ad_file_create(&file, path);
    if (s == AD_OK) {
        ad_file_write(&file, picture, bytes);
        s = ad_file_commit(&file);
    }
    ad_free(picture);
    return s;
}
