import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where systemd says that it is the init, and which users' processes outlive their logins. */
export interface SystemdPaths {
  readonly running: string;
  readonly linger: string;
}

export const SYSTEMD_PATHS: SystemdPaths = {
  running: '/run/systemd/system',
  linger: '/var/lib/systemd/linger',
};

export interface KeepRunningOptions {
  readonly pid: number;
  readonly userName: string;
  readonly paths?: SystemdPaths;
  /** Runs a program; its output, or `undefined` when it failed. */
  readonly run?: (file: string, args: readonly string[]) => Promise<string | undefined>;
}

/**
 * Where systemd kills what a user leaves running (logind's KillUserProcesses=yes), moves this process into a scope of the
 * user's own manager if that outlives logins (Linger=yes). Otherwise nothing is to be done, or nothing can be: then a line says so.
 * See loginctl(1), logind.conf(5), org.freedesktop.systemd1(5) StartTransientUnit.
 */
export async function keepWhenUserLeaves(
  options: KeepRunningOptions,
  sessionId: string,
): Promise<string[]> {
  const { pid, userName, paths = SYSTEMD_PATHS, run = runProgram } = options;
  if (!existsSync(paths.running)) return [];
  const logind = [
    'org.freedesktop.login1',
    '/org/freedesktop/login1',
    'org.freedesktop.login1.Manager',
  ];
  const kills = await run('busctl', ['get-property', ...logind, 'KillUserProcesses']);
  if (kills?.trim() !== 'b true') return [];
  const advice = `systemd on this host ends sessions at logout: run loginctl enable-linger ${userName} there`;
  if (!existsSync(`${paths.linger}/${userName}`)) return [advice];
  const manager = [
    'org.freedesktop.systemd1',
    '/org/freedesktop/systemd1',
    'org.freedesktop.systemd1.Manager',
  ];
  const unit = [`everterm-${sessionId}.scope`, 'fail', '1', 'PIDs', 'au', '1', String(pid), '0'];
  const moved = await run('busctl', [
    '--user',
    'call',
    ...manager,
    'StartTransientUnit',
    'ssa(sv)a(sa(sv))',
    ...unit,
  ]);
  return moved === undefined
    ? [`could not move the session into a scope of its own; ${advice}`]
    : [];
}

function runProgram(file: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 3000 }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}
