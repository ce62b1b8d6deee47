import { EtError } from './errors.ts';

/** Fails on a bug of ours. Input from the network must never be able to reach it. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new EtError('ET_ERR_INTERNAL', `invariant broken: ${message}`);
}
