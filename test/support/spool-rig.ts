import * as fs from 'node:fs';
import { join } from 'node:path';
import { SpoolCipher } from '../../src/crypto/spool-cipher.ts';
import { Spool, type SpoolOptions } from '../../src/terminal/spool.ts';
import { SpoolFiles } from '../../src/terminal/spool-files.ts';
import { until } from './until.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface SpoolRig {
  readonly spool: Spool;
  /** Of the spool's retries alone: its files are real. */
  readonly clock: VirtualClock;
  readonly said: string[];
}

/** A spool of real files in `directory`, and what it has said. */
export function spoolIn(directory: string, options: Partial<SpoolOptions> = {}): SpoolRig {
  const clock = new VirtualClock();
  const said: string[] = [];
  const spool = new Spool({
    disk: new SpoolFiles(directory),
    clock,
    cipher: new SpoolCipher(),
    events: {
      onTrouble: ({ message }) => said.push(message),
      onRecovered: () => said.push('recovered'),
      onCaughtUp: () => said.push('caught up'),
    },
    ...options,
  });
  return { spool, clock, said };
}

/** Until the disk has everything. */
export async function written(spool: Spool): Promise<void> {
  await until(
    'everything is written',
    () => spool.waitingBytes,
    (bytes) => bytes === 0,
  );
}

/** What all files of `directory` contain. */
export function contentOf(directory: string): Buffer {
  return Buffer.concat(
    fs.readdirSync(directory).map((name) => fs.readFileSync(join(directory, name))),
  );
}
