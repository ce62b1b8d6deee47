import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirement } from '../support/requirements.ts';
import { until } from '../support/until.ts';
import { type CompiledSources, compileSources } from './compile-sources.ts';

/** Echoes one piece, ends the carrier in one of two ways, and lives on until it is killed. */
const PROGRAM = `
  const { ownStdioCarrier } = await import(process.argv[1] + '/link/own-stdio.js');
  const { SystemClock } = await import(process.argv[1] + '/base/clock.js');
  const carrier = ownStdioCarrier(new SystemClock(), 'test');
  carrier.start({
    onBytes: (bytes) => {
      carrier.write([Uint8Array.from(bytes)]);
      if (process.argv[2] === 'close') carrier.close();
      else setTimeout(() => carrier.reset(), 100);
    },
    onClose: () => undefined,
  });
  setInterval(() => undefined, 1000);
`;

/** Where a descriptor leads; `undefined` while it is closed. */
function linkOf(pid: number, fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}

describe('a carrier over the standard input and output of a process', () => {
  let compiled: CompiledSources;

  beforeAll(() => {
    compiled = compileSources(['link/own-stdio.ts', 'base/clock.ts']);
  });

  afterAll(() => compiled.remove());

  test.each(['close', 'reset'])('ends both for the other side at its %s', async (how) => {
    const args = ['--input-type=module', '-e', PROGRAM, compiled.directory, how];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.write('some bytes');
    const said = buffer(child.stdout);
    if (how === 'close') child.stdin.end();
    expect(String(await said)).toBe('some bytes');
    expect(child.exitCode).toBeNull();
    if (requirement('linux').missing === undefined) {
      // The other side sees the end a moment before /dev/null has its place.
      await until(
        'both lead to /dev/null',
        () => [0, 1].map((fd) => linkOf(child.pid ?? 0, fd)).join(),
        (links) => links === '/dev/null,/dev/null',
      );
    }
    child.kill('SIGKILL');
    await once(child, 'close');
  });
});
