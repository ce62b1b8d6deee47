import type { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Carrier } from '../../src/link/carrier.ts';
import { attemptFailedBy, attemptTimedOut, DialFailure } from '../../src/link/dial-failure.ts';
import { dialFrom } from '../../src/link/dial-from.ts';
import { ownAddresses } from '../../src/link/own-addresses.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

interface Try {
  readonly resolve: (carrier: Carrier) => void;
  readonly reject: (error: Error) => void;
}

/** A dial whose every source the test ends as it likes. */
function world(sources: readonly string[]) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const tries = new Map<string, Try>();
  const abort = new AbortController();
  const dial = dialFrom({
    clock,
    sources: () => sources,
    dial: (source) => (signal) =>
      new Promise((resolve, reject) => {
        log.push(`${clock.now()} ${source}`);
        tries.set(source, { resolve, reject });
        signal.addEventListener('abort', () => {
          log.push(`${source} is given up`);
          reject(new DialFailure([attemptTimedOut('tcp h:1', 4000)]));
        });
      }),
    target: 'tcp h:1',
    nowhere: 'wlan0 has no address',
  });
  const result = dial(abort.signal).then(
    (carrier) => carrier.label,
    (error: DialFailure) => `${error.kind}: ${error.message}`,
  );
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  };
  const win = async (source: string): Promise<void> => {
    const reset = (): unknown => log.push(`${source} is reset`);
    tries.get(source)?.resolve({ label: source, reset } as unknown as Carrier);
    await settle();
  };
  const lose = async (source: string, code: string): Promise<void> => {
    const error = Object.assign(new Error(code), { code });
    tries.get(source)?.reject(new DialFailure([attemptFailedBy('tcp h:1', error)]));
    await settle();
  };
  return { clock, log, abort, result, win, lose, settle };
}

test('each source is tried 250 ms after the one before, the first to connect wins', async () => {
  const { clock, log, result, win } = world(['10.0.0.1', '10.1.0.1', '10.2.0.1']);
  clock.advance(499);
  await win('10.1.0.1');
  expect(await result).toBe('10.1.0.1');
  expect(log).toEqual(['0 10.0.0.1', '250 10.1.0.1', '10.0.0.1 is given up']);
  await win('10.0.0.1');
  expect(clock.pending).toBe(0);
});

test('a source that fails brings the next at once, and all failures are told', async () => {
  const { clock, log, result, lose } = world(['10.0.0.1', '10.1.0.1', '10.0.0.1']);
  await lose('10.0.0.1', 'ENETUNREACH');
  await lose('10.1.0.1', 'ECONNREFUSED');
  expect(await result).toBe(
    'refused: tcp h:1 from 10.0.0.1 has no route; tcp h:1 from 10.1.0.1 refused',
  );
  expect(log).toEqual(['0 10.0.0.1', '0 10.1.0.1']);
  expect(clock.pending).toBe(0);
});

test('without a source there is no route', async () => {
  const { clock, result } = world([]);
  expect(await result).toBe('no-route: tcp h:1 cannot leave: wlan0 has no address');
  expect(clock.pending).toBe(0);
});

test('giving up tells what each has waited for, and leaves nothing', async () => {
  const { clock, abort, log, result } = world(['10.0.0.1', '10.1.0.1', '10.2.0.1']);
  clock.advance(300);
  abort.abort();
  expect(await result).toBe(
    'timeout: tcp h:1 from 10.0.0.1 timed out after 4 s; tcp h:1 from 10.1.0.1 timed out after 4 s',
  );
  expect(log).toHaveLength(4);
  expect(clock.pending).toBe(0);
});

test('a connection that comes behind the winner is reset', async () => {
  const { clock, log, result, win } = world(['10.0.0.1', '10.1.0.1']);
  clock.advance(250);
  await win('10.0.0.1');
  await win('10.1.0.1');
  expect(await result).toBe('10.0.0.1');
  expect(log).not.toContain('10.0.0.1 is reset');
});

describe('where links leave from', () => {
  const entry = (family: 'IPv4' | 'IPv6', address: string, scopeid = 0) => ({
    family,
    address,
    scopeid,
    netmask: '',
    mac: '',
    internal: false,
    cidr: null,
  });
  const interfaces = {
    wlan0: [entry('IPv4', '10.0.0.5'), entry('IPv6', 'fe80::1', 3), entry('IPv6', 'fd00::5')],
  } as unknown as ReturnType<typeof networkInterfaces>;

  test.each([
    ['wlan0', ['fd00::5', '10.0.0.5']],
    ['10.9.9.9', ['10.9.9.9']],
    ['fd00::9', ['fd00::9']],
    ['wlan1', []],
    ['__proto__', []],
  ])('%s', (place, addresses) => {
    expect(ownAddresses(place, interfaces)).toEqual(addresses);
  });
});
