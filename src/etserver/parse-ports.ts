import { EtError } from '../base/errors.ts';
import type { PortRange } from '../link/tcp-listener.ts';

/** `60000`, `60000-61000`, or `0` for any. @throws {EtError} ET_ERR_BOOTSTRAP */
export function parsePorts(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > last || last > 65_535 || (first === 0 && last > 0)) {
    throw new EtError('ET_ERR_BOOTSTRAP', `port ${text} is neither a port nor a range of ports`);
  }
  return { first, last };
}
