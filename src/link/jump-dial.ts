import type { Dial } from './carrier.ts';

/** A dial by way of a jump host: what `dial` reaches is told first where to go on to. */
export function jumpDial(dial: Dial, preamble: Uint8Array): Dial {
  return async (signal) => {
    const carrier = await dial(signal);
    // A carrier frees what it was given.
    carrier.write([new Uint8Array(preamble)]);
    return carrier;
  };
}
