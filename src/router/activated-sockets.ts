import { EtError } from '../base/errors.ts';

/** The first descriptor that systemd hands over; sd_listen_fds(3). */
const FIRST_FD = 3;

/** Sockets that listen already, by what they are for. */
export interface ActivatedSockets {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  readonly registration: readonly number[];
}

const NONE: ActivatedSockets = { tcp: [], udp: [], registration: [] };

/**
 * The sockets that systemd listens on for this process, from LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES: named `tcp`, `udp` and
 * `registration` by FileDescriptorName= of the socket units.
 *
 * @throws {EtError} ET_ERR_CONFIG for a socket of another name
 */
export function activatedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): ActivatedSockets {
  const count = Number(environment['LISTEN_FDS'] ?? 0);
  if (environment['LISTEN_PID'] !== String(pid) || !(count > 0)) return NONE;
  const names = (environment['LISTEN_FDNAMES'] ?? '').split(':');
  const sockets: Record<keyof ActivatedSockets, number[]> = { tcp: [], udp: [], registration: [] };
  for (let i = 0; i < count; i += 1) {
    const name = names[i] ?? '';
    if (name !== 'tcp' && name !== 'udp' && name !== 'registration') {
      throw new EtError(
        'ET_ERR_CONFIG',
        `socket ${FIRST_FD + i} of systemd is named ${JSON.stringify(name)}`,
        { advice: 'write FileDescriptorName=tcp, udp or registration in its unit' },
      );
    }
    sockets[name].push(FIRST_FD + i);
  }
  return sockets;
}
