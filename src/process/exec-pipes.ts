import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';

/** The two ends of a pipe. All descriptors are close-on-exec; `theirs` is closed here once the child has it. */
export interface PipeEnds {
  readonly ours: number;
  readonly theirs: number;
}

export interface ExecPipes {
  readonly stdin: PipeEnds;
  readonly stdout: PipeEnds;
  readonly stderr: PipeEnds;
}

/**
 * Holds three pipes open as 4, 5 and 6, says which process has them, and waits until descriptor 3 ends.
 * The pipes have to be nameless: to open a named one again without a peer waits for ever.
 */
const HOLDER = `: | { exec 4<&0; : | { exec 5<&0; : | { exec 6<&0
read -r pid rest </proc/self/stat; echo "$pid"; read -r end <&3; }; }; }`;

/**
 * Makes three real pipes, as sshd does. Node gives children sockets, on which Linux refuses to open
 * /dev/stdin, /dev/stdout and /dev/stderr (ENXIO), and has no call for a pipe; but the pipes of another
 * process can be opened through /proc. `undefined` where they cannot: the caller makes do with sockets.
 */
export async function makeExecPipes(shell = '/bin/sh'): Promise<ExecPipes | undefined> {
  const holder = spawn(shell, ['-c', HOLDER], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  try {
    const pid = await firstLine(holder);
    return pid === undefined ? undefined : openPipes(pid);
  } finally {
    for (const stream of holder.stdio) stream?.destroy();
  }
}

/** `undefined` when the process ended without one. */
function firstLine(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (bytes: Uint8Array) => {
      text += Buffer.from(bytes).toString('latin1');
      const line = /^(\d+)\n/u.exec(text);
      if (line !== null) resolve(line[1]);
    });
    child.once('error', () => resolve(undefined));
    child.once('close', () => resolve(undefined));
  });
}

const READ = constants.O_RDONLY | constants.O_NONBLOCK;
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;

function openPipes(pid: string): ExecPipes | undefined {
  const opened: number[] = [];
  const open = (fd: number, flags: number): number => {
    const descriptor = openSync(`/proc/${pid}/fd/${fd}`, flags);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    return {
      stdin: { theirs: open(6, constants.O_RDONLY), ours: open(6, WRITE) },
      stdout: { theirs: open(4, constants.O_WRONLY), ours: open(4, READ) },
      stderr: { theirs: open(5, constants.O_WRONLY), ours: open(5, READ) },
    };
  } catch {
    for (const descriptor of opened) closeSync(descriptor);
    return undefined;
  }
}
