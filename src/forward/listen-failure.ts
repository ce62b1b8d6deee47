import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import { formatListenPlace, type ListenPlace } from './endpoint.ts';

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'not permitted (ports below 1024 are for root)',
  EADDRNOTAVAIL: 'the address is none of this machine',
  ENOENT: 'its directory does not exist',
  ENOTFOUND: 'the name cannot be resolved',
};

/** Says why nothing can listen at `place`; `holder` is who has it already, where that is known. */
export function listenFailure(place: ListenPlace, cause: unknown, holder?: string): EtError {
  const code = systemCodeOf(cause) ?? '';
  const by = holder === undefined ? '' : ` by ${holder}`;
  const why = code === 'EADDRINUSE' ? `it is in use${by}` : (WORDS[code] ?? messageOf(cause));
  const text = `cannot listen on ${formatListenPlace(place)}: ${why}`;
  return new EtError('ET_ERR_FORWARD', text, { cause });
}
