/* kill-at MODE N FOLDER COUNT-FILE COMMAND…: runs a command and stops it at the Nth system call that changes FOLDER.

   MODE kill       SIGKILL before the call
        full       the call and all after it that need room fail with ENOSPC
        once       only that call fails with ENOSPC
        interrupt  SIGINT before the call
   The number of such calls goes to COUNT-FILE, and with N = 0 their names too. Ends as the command does; 137 when it
   was killed. Linux on x86-64: a seccomp filter stops the process only at the calls that are of interest. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH0, PATH1, AT0, AT2, FD0, FD1, FD2 };

/* A call, where the path that it changes is, and whether a full disk can make it fail. */
static const struct call { long number; const char *name; int where; int room; } calls[] = {
    { SYS_open, "open", PATH0, 1 }, { SYS_openat, "openat", AT0, 1 }, { SYS_creat, "creat", PATH0, 1 },
    { SYS_write, "write", FD0, 1 }, { SYS_pwrite64, "pwrite", FD0, 1 }, { SYS_writev, "writev", FD0, 1 },
    { SYS_pwritev, "pwritev", FD0, 1 }, { SYS_pwritev2, "pwritev2", FD0, 1 },
    { SYS_copy_file_range, "copy_file_range", FD2, 1 }, { SYS_sendfile, "sendfile", FD0, 1 },
    { SYS_fallocate, "fallocate", FD0, 1 }, { SYS_ftruncate, "ftruncate", FD0, 1 },
    { SYS_rename, "rename", PATH1, 1 }, { SYS_renameat, "renameat", AT2, 1 }, { SYS_renameat2, "renameat2", AT2, 1 },
    { SYS_link, "link", PATH1, 1 }, { SYS_linkat, "linkat", AT2, 1 }, { SYS_symlink, "symlink", PATH1, 1 },
    { SYS_symlinkat, "symlinkat", FD1, 1 }, { SYS_mkdir, "mkdir", PATH0, 1 }, { SYS_mkdirat, "mkdirat", AT0, 1 },
    { SYS_unlink, "unlink", PATH0, 0 }, { SYS_unlinkat, "unlinkat", AT0, 0 }, { SYS_rmdir, "rmdir", PATH0, 0 },
    { SYS_fsync, "fsync", FD0, 0 }, { SYS_fdatasync, "fdatasync", FD0, 0 }, { SYS_truncate, "truncate", PATH0, 1 },
    { SYS_chmod, "chmod", PATH0, 0 }, { SYS_fchmod, "fchmod", FD0, 0 }, { SYS_fchmodat, "fchmodat", AT0, 0 },
};
enum { CALLS = sizeof calls / sizeof *calls };

static void install(void)
{
    struct sock_filter code[CALLS + 4];
    int at = 0;
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++)
        code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, CALLS - i, 0);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog program = { at, code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("seccomp");
        _exit(125);
    }
}

static void link_of(const char *what, pid_t task, long number, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/%s", task, what);
    if (number >= 0)
        snprintf(link, sizeof link, "/proc/%d/fd/%ld", task, number);
    ssize_t length = readlink(link, path, 4095);
    path[length < 0 ? 0 : length] = 0;
}

static void text_of(pid_t task, unsigned long address, char *text)
{
    struct iovec here = { text, 4095 }, there = { (void *)address, 4095 };
    ssize_t length = process_vm_readv(task, &here, 1, &there, 1, 0);
    for (ssize_t shorter = 2048; length < 0 && shorter; shorter /= 2) {
        here.iov_len = there.iov_len = shorter;
        length = process_vm_readv(task, &here, 1, &there, 1, 0);
    }
    text[length < 0 ? 0 : length] = 0;
}

/* The full path that a call changes. */
static void path_of(pid_t task, const struct call *call, struct user_regs_struct *r, char *path)
{
    char name[4096], folder[4096];
    unsigned long arguments[] = { r->rdi, r->rsi, r->rdx, r->r10 };
    long at = -100;
    if (call->where == FD0 || call->where == FD2) {
        link_of("", task, (int)(call->where == FD0 ? r->rdi : r->rdx), path);
        return;
    }
    if (call->where == PATH0 || call->where == PATH1) {
        text_of(task, arguments[call->where == PATH1], name);
    } else {
        int first = call->where == AT0 ? 0 : call->where == AT2 ? 2 : 1;
        at = (int)arguments[first];
        text_of(task, arguments[first + 1], name);
    }
    if (name[0] == '/') {
        strcpy(path, name);
        return;
    }
    link_of("cwd", task, at == -100 ? -1 : at, folder);
    snprintf(path, 8192, "%s/%s", folder, name);
}

static int changes(const struct call *call, struct user_regs_struct *r)
{
    long flags = call->number == SYS_open ? r->rsi : call->number == SYS_openat ? r->rdx : O_WRONLY;
    return (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "kill-at kill|full|once|interrupt N FOLDER COUNT-FILE COMMAND…\n");
        return 125;
    }
    const char *mode = argv[1], *folder = argv[3];
    long wanted = atol(argv[2]), count = 0;
    pid_t child = fork();
    if (!child) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        install();
        execvp(argv[5], argv + 5);
        perror(argv[5]);
        _exit(125);
    }
    int status, result = 0;
    FILE *log = fopen(argv[4], "w");
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK
        | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, child, 0, 0);
    for (pid_t task; (task = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (task == child)
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        if (signal == SIGTRAP && event == PTRACE_EVENT_SECCOMP) {
            struct user_regs_struct r;
            char path[8192] = "";
            const struct call *call = calls;
            ptrace(PTRACE_GETREGS, task, 0, &r);
            while (call < calls + CALLS && call->number != (long)r.orig_rax)
                call++;
            if (call < calls + CALLS && changes(call, &r))
                path_of(task, call, &r, path);
            if (!strncmp(path, folder, strlen(folder))) {
                count++;
                if (!wanted)
                    fprintf(log, "%s %s\n", call->name, path);
                int is_full = !strcmp(mode, "full") && wanted && count >= wanted;
                if (call->room && (is_full || (!strcmp(mode, "once") && count == wanted))) {
                    r.orig_rax = -1;
                    r.rax = -ENOSPC;
                    ptrace(PTRACE_SETREGS, task, 0, &r);
                } else if (count == wanted && !strcmp(mode, "kill")) {
                    kill(child, SIGKILL);
                    kill(task, SIGKILL);
                    continue;
                } else if (count == wanted && !strcmp(mode, "interrupt")) {
                    kill(child, SIGINT);
                }
            }
            signal = 0;
        } else if (signal == SIGTRAP || (signal == SIGSTOP && !event)) {
            signal = 0;
        }
        ptrace(PTRACE_CONT, task, 0, signal);
    }
    fprintf(log, "%ld\n", count);
    fclose(log);
    return result;
}
