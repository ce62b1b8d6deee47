import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { requireTool, toolPath } from './requirements.ts';

/** What the remote script needs of the host. */
const TOOLS = ['sh', 'tr', 'grep', 'tail', 'cat', 'setsid', 'env'];

/** A stand-in for the account on the host: a home directory, and a PATH with nothing on it but what the test has put there. */
export class RemoteHome {
  readonly home: string = realpathSync(mkdtempSync(join(tmpdir(), 'everterm-home-')));
  readonly bin: string = join(this.home, 'only-path');

  constructor(tools: readonly string[] = TOOLS) {
    mkdirSync(this.bin);
    for (const tool of tools) {
      const path = toolPath(tool);
      if (path !== undefined) symlinkSync(path, join(this.bin, tool));
    }
  }

  /** An executable file; its path is under the home directory. */
  program(path: string, content: string): string {
    const whole = this.file(path, content);
    chmodSync(whole, 0o755);
    return whole;
  }

  file(path: string, content: string): string {
    const whole = join(this.home, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, content);
    return whole;
  }

  /** A program that says it is Node `version`, and says who it is and what it was told to run. */
  node(path: string, version: string): string {
    return this.program(
      path,
      `#!/bin/sh\nif [ "$1" = -v ]; then echo v${version}; exit; fi\necho "$0 runs $*"\n`,
    );
  }

  /** Runs `command` as sshd would: by the login shell's -c. */
  async run(
    shell: string,
    command: string,
    options: { input?: string; environment?: Record<string, string> } = {},
  ): Promise<{ stdout: string; stderr: string; status: number | null }> {
    const child = spawn(requireTool(shell), ['-c', command], {
      cwd: this.home,
      env: { HOME: this.home, PATH: this.bin, SHELL: '/bin/false', ...options.environment },
    });
    // A command that fails does not read what it is told.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
    const [status] = (await once(child, 'exit')) as [number | null];
    const [stdout, stderr] = await outputs;
    return { stdout, stderr, status };
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
