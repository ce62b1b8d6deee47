import { EtError } from '../base/errors.ts';

/** The optional features of the mux that this code knows. PROTOCOL.md names none yet. */
export const MUX_FEATURES: readonly string[] = [];

/** The server's choice: what was offered and is known, ascending by code unit as the prologue wants it. What is not known is skipped. */
export function chooseFeatures(
  offered: readonly string[],
  known: readonly string[] = MUX_FEATURES,
): string[] {
  return [...new Set(offered)].filter((feature) => known.includes(feature)).sort();
}

/** The highest version that both speak; each range is [lowest, highest]. Throws ET_ERR_FEATURE. */
export function chooseProtocol(
  offered: readonly [number, number],
  known: readonly [number, number],
): number {
  const highest = Math.min(offered[1], known[1]);
  if (highest >= Math.max(offered[0], known[0])) return highest;
  const isPeerOlder = offered[1] < known[0];
  throw new EtError(
    'ET_ERR_FEATURE',
    `protocol versions ${offered.join('..')} and ${known.join('..')} have none in common`,
    {
      advice: isPeerOlder
        ? 'update everterm on the other machine'
        : 'update everterm on this machine',
    },
  );
}
