import type { Flag } from '../../base/flag.ts';

export type LeavingFlagKey = 'backlog' | 'history' | 'kill-other-sessions' | 'name' | 'new';

/** The heading of flags about the session itself. */
export const SESSION = 'The session';

/** Flags about a session that can be left, and come back to. */
export const LEAVING_FLAGS: readonly Flag<LeavingFlagKey>[] = [
  {
    key: 'name',
    long: '--name',
    argument: 'NAME',
    group: SESSION,
    help: 'attach to the session of this name on the host, or begin one',
  },
  {
    key: 'new',
    long: '--new',
    group: SESSION,
    help: 'begin another session in any case: not where one of that --name is there, and without an offer of what was left behind',
  },
  {
    key: 'history',
    long: '--history',
    argument: 'BYTES',
    group: SESSION,
    help: 'how much output the host keeps of the session, on its disk, as 64M or 1G (default: 256M)',
  },
  {
    key: 'backlog',
    long: '--backlog',
    argument: 'replay|live|ask',
    group: SESSION,
    help: 'more than 1 MiB of output that came while you were away: show all of it, or the screen as it is (default: live on a terminal, else replay)',
  },
  {
    key: 'kill-other-sessions',
    long: '--kill-other-sessions',
    group: SESSION,
    help: 'end your other sessions on the host, with what runs in them',
  },
];
